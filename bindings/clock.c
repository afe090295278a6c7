// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "bindings/bind.h"
#include "bindings/rehearsal.h"
#include "bindings/tape.h"
#include "process/worker.h"
#include "script/task.h"
#include "script/vm.h"

/* gateway.clock: what time it is, and waiting. */

void bind_clock(lua_State *L);

enum { SLEEP_MOST_MS = 60000 };

static const struct clock_source *clock_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  return worker ? &worker->clock : NULL;
}

/* now() -> Unix seconds with a fraction */
static int clock_now(lua_State *L) {
  lua_pushnumber(L, clock_unix(clock_of(L)));
  return 1;
}

/* monotonic() -> milliseconds since some moment; never goes back */
static int clock_elapsed(lua_State *L) {
  lua_pushnumber(L, clock_monotonic(clock_of(L)));
  return 1;
}

enum { YEAR_10000 = 253402300800 };

/* iso([seconds]) -> "2026-01-01T00:00:00.250Z" of a Unix time, now by default */
static int clock_iso(lua_State *L) {
  lua_Number given = luaL_optnumber(L, 1, clock_unix(clock_of(L)));
  luaL_argcheck(L, given >= 0 && given < (lua_Number)YEAR_10000 - 1, 1, "a Unix time before the year 10000");
  long long milliseconds = (long long)(given * 1000 + 0.5);
  time_t seconds = (time_t)(milliseconds / 1000);
  struct tm date;
  gmtime_r(&seconds, &date);
  struct error text;
  error_set(&text, 0, NULL, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date.tm_year + 1900, date.tm_mon + 1, date.tm_mday,
            date.tm_hour, date.tm_min, date.tm_sec, (int)(milliseconds % 1000));
  bind_push_slice(L, slice_text(text.message));
  return 1;
}

/* ---- sleeping ---- */

struct clock_sleep {
  struct timer timer;
  struct task *task;
  uint64_t number;
};

static int sleep_results(lua_State *L, void *operation) {
  (void)L;
  free(operation);
  return 0;
}

static void sleep_abort(void *operation) {
  timer_stop(&((struct clock_sleep *)operation)->timer);
  free(operation);
}

static void sleep_over(struct timer *timer) {
  struct clock_sleep *sleep = LIST_OWNER(timer, struct clock_sleep, timer);
  task_wake(sleep->task, sleep->number);
}

/* sleep(milliseconds), at most a minute. Waits: raises where nothing can. */
static int clock_sleep(lua_State *L) {
  lua_Number milliseconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, milliseconds >= 0 && milliseconds <= SLEEP_MOST_MS, 1, "between 0 and 60000 milliseconds");
  if (rehearsal_is_on(L)) {
    rehearsal_sleep(L, milliseconds);
    return 0;
  }
  struct task *task = task_check(L);
  struct worker *worker = vm_host(L);
  struct clock_sleep *sleep = calloc(1, sizeof *sleep);
  REQUIRE(sleep != NULL);
  timer_init(&sleep->timer, sleep_over);
  sleep->task = task;
  sleep->number = task_wait(L, sleep, sleep_results, sleep_abort);
  timer_start(worker->loop.wheel, &sleep->timer, (uint64_t)milliseconds);
  return lua_yield(L, 0);
}

void bind_clock(lua_State *L) {
  static const luaL_Reg reads[] = {{"now", clock_now}, {"monotonic", clock_elapsed}, {"iso", clock_iso}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"sleep", clock_sleep}, {NULL, NULL}};
  lua_newtable(L);
  bind_taped(L, "clock", reads);
  bind_door_values(L, "clock", functions);
}
