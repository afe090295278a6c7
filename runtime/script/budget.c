// SPDX-License-Identifier: Apache-2.0
#include "script/budget.h"

#include <lauxlib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "script/state.h"

/* Looks per limit while scripts run, and how many looks without a new entry until the watchdog sleeps. */
enum { LOOKS_PER_LIMIT = 5, QUIET_LOOKS = 25, EXTRA_MAX_MS = 1000 };

static const int64_t second_ns = 1000000000;

/* The worker's thread writes `sequence`, the watchdog `armed` and `asleep`; each then reads what the other wrote
 * (sequentially consistent), so one of the two always sees the other. `lock` covers arming and disarming. */
struct budget {
  _Atomic uint64_t sequence;  /* grows at every start and end of a count; odd = inside an entry */
  _Atomic bool armed;         /* the hook is set for the present count */
  _Atomic bool asleep;        /* the watchdog waits for an entry */
  _Atomic(lua_State *) state; /* of the present entry */
  _Atomic unsigned extra_ms;  /* what the present count may use beyond the limit */
  _Atomic uint64_t reached;   /* how often the hook has run */
  unsigned depth;             /* entries under way; worker only */
  bool stopped;               /* the hook has raised in the present count; worker only */
  bool closing;               /* under `lock` */
  _Atomic unsigned limit_ms;
  clockid_t clock; /* CPU time of the worker's thread */
  pthread_mutex_t lock;
  pthread_cond_t wake;
  pthread_t watchdog;
};

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * second_ns + now.tv_nsec;
}

/* ---- the hook, on the worker's thread ---- */

static int allowed_ms(struct budget *budget) {
  return (int)(budget->limit_ms + atomic_load_explicit(&budget->extra_ms, memory_order_relaxed));
}

int budget_stop(struct budget *budget, lua_State *L) {
  budget->stopped = true;
  return luaL_error(L, "script ran longer than %d ms of CPU", allowed_ms(budget));
}

/* A guard function, which ends a stop, must get as far as doing so; an error in our `pcall` would name no line of the
 * script. No script is called so. */
static bool inside_guard(lua_State *L, lua_Debug *where) {
  lua_getinfo(L, "S", where);
  return strcmp(where->source, "=guard") == 0 || strcmp(where->source, "=pcall") == 0;
}

static void on_hook(lua_State *L, lua_Debug *where) {
  struct vm *vm = vm_of(L);
  if (!vm->budget) return;
  atomic_fetch_add_explicit(&vm->budget->reached, 1, memory_order_relaxed);
  if (inside_guard(L, where)) return;
  vm->budget->stopped = true;
  lua_getinfo(L, "Sl", where);
  lua_pushfstring(L, "%s:%d: script ran longer than %d ms of CPU", where->short_src, where->currentline,
                  allowed_ms(vm->budget));
  lua_error(L);
}

/* ---- the watchdog's thread ---- */

/* Under `lock`. Sets the hook unless the count has ended meanwhile. Repeated until the hook runs: Lua's own bookkeeping
 * of hooks is not atomic, and a setting may be lost. */
static void arm(struct budget *budget, uint64_t sequence) {
  atomic_store(&budget->armed, true);
  if (atomic_load(&budget->sequence) != sequence) {
    atomic_store(&budget->armed, false);
    return;
  }
  lua_sethook(atomic_load(&budget->state), on_hook, LUA_MASKCOUNT, 1);
}

/* Under `lock`. */
static void wait_ns(struct budget *budget, int64_t duration) {
  int64_t due = clock_ns(CLOCK_MONOTONIC) + duration;
  struct timespec until = {.tv_sec = due / second_ns, .tv_nsec = due % second_ns};
  pthread_cond_timedwait(&budget->wake, &budget->lock, &until);
}

/* Under `lock`. Until the next entry begins. */
static void sleep_until_entry(struct budget *budget, uint64_t sequence) {
  atomic_store(&budget->asleep, true);
  while (!budget->closing && atomic_load(&budget->sequence) == sequence) {
    pthread_cond_wait(&budget->wake, &budget->lock);
  }
  atomic_store(&budget->asleep, false);
}

/* What the watchdog remembers from look to look. */
struct watch {
  uint64_t sequence;
  int64_t started; /* the thread's CPU time when `sequence` was first seen */
  unsigned quiet;  /* looks since it changed */
  uint64_t reached;
};

/* The hook has run since the last look. Setting it once more while it runs could bring back Lua's mark that a hook is
 * running, for good: then none would run again. */
static bool hook_runs(const struct budget *budget, struct watch *watch) {
  uint64_t reached = atomic_load_explicit(&budget->reached, memory_order_relaxed);
  bool runs = reached != watch->reached;
  watch->reached = reached;
  return runs;
}

static void look(struct budget *budget, struct watch *watch) {
  const int64_t limit = (int64_t)budget->limit_ms * 1000000, period = limit / LOOKS_PER_LIMIT;
  uint64_t sequence = atomic_load(&budget->sequence);
  bool inside = sequence % 2 == 1, moved = sequence != watch->sequence;
  int64_t now = inside ? clock_ns(budget->clock) : 0;
  watch->quiet = moved ? 0 : watch->quiet + 1;
  if (moved) *watch = (struct watch){sequence, now, 0, atomic_load(&budget->reached)};
  if (!inside && watch->quiet >= QUIET_LOOKS) {
    sleep_until_entry(budget, sequence);
    return;
  }
  int64_t allowed = (int64_t)allowed_ms(budget) * 1000000;
  int64_t left = inside ? watch->started + allowed - now : period;
  if (left <= 0 && !hook_runs(budget, watch)) arm(budget, sequence);
  wait_ns(budget, left > 0 && left < period ? left : period);
}

static void *watchdog_run(void *argument) {
  struct budget *budget = argument;
  struct watch watch = {0};
  pthread_mutex_lock(&budget->lock);
  while (!budget->closing) look(budget, &watch);
  pthread_mutex_unlock(&budget->lock);
  return NULL;
}

/* ---- the worker's thread ---- */

static void start_watchdog(struct budget *budget) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
  REQUIRE(pthread_create(&budget->watchdog, NULL, watchdog_run, budget) == 0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct budget *budget_open(unsigned limit_ms) {
  struct budget *budget = calloc(1, sizeof *budget);
  REQUIRE(budget != NULL && limit_ms > 0);
  budget->limit_ms = limit_ms;
  REQUIRE(pthread_getcpuclockid(pthread_self(), &budget->clock) == 0);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&budget->wake, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&budget->lock, NULL);
  start_watchdog(budget);
  return budget;
}

void budget_limit(struct budget *budget, unsigned limit_ms) {
  if (limit_ms > 0) atomic_store_explicit(&budget->limit_ms, limit_ms, memory_order_relaxed);
}

void budget_close(struct budget *budget) {
  pthread_mutex_lock(&budget->lock);
  budget->closing = true;
  pthread_cond_signal(&budget->wake);
  pthread_mutex_unlock(&budget->lock);
  pthread_join(budget->watchdog, NULL);
  pthread_cond_destroy(&budget->wake);
  pthread_mutex_destroy(&budget->lock);
  free(budget);
}

static void wake_watchdog(struct budget *budget) {
  pthread_mutex_lock(&budget->lock);
  pthread_cond_signal(&budget->wake);
  pthread_mutex_unlock(&budget->lock);
}

static void disarm(struct budget *budget) {
  pthread_mutex_lock(&budget->lock);
  if (atomic_load(&budget->armed)) lua_sethook(atomic_load(&budget->state), NULL, 0, 0);
  atomic_store(&budget->armed, false);
  pthread_mutex_unlock(&budget->lock);
}

/* Ends the present count (and its stop) by moving the sequence on. */
static void sequence_move(struct budget *budget, unsigned by) {
  uint64_t sequence = atomic_load_explicit(&budget->sequence, memory_order_relaxed);
  atomic_store(&budget->sequence, sequence + by);
  atomic_store_explicit(&budget->extra_ms, 0, memory_order_relaxed);
  if (atomic_load_explicit(&budget->armed, memory_order_relaxed)) disarm(budget);
  budget->stopped = false;
}

void budget_enter(struct budget *budget, lua_State *L) {
  if (budget->depth++ > 0) {
    budget_renew(budget);
    return;
  }
  atomic_store_explicit(&budget->state, L, memory_order_relaxed);
  sequence_move(budget, 1);
  if (atomic_load_explicit(&budget->asleep, memory_order_relaxed)) wake_watchdog(budget);
}

bool budget_leave(struct budget *budget) {
  REQUIRE(budget->depth > 0);
  bool stopped = budget->stopped;
  sequence_move(budget, --budget->depth > 0 ? 2 : 1);
  return stopped;
}

void budget_renew(struct budget *budget) {
  sequence_move(budget, 2);
}

void budget_extend(struct budget *budget, unsigned milliseconds) {
  unsigned extra = atomic_load_explicit(&budget->extra_ms, memory_order_relaxed);
  extra = milliseconds < EXTRA_MAX_MS - extra ? extra + milliseconds : EXTRA_MAX_MS;
  atomic_store_explicit(&budget->extra_ms, extra, memory_order_relaxed);
}

bool budget_inside(const struct budget *budget) {
  return budget->depth > 0;
}

bool budget_exceeded(const struct budget *budget) {
  return atomic_load_explicit(&budget->armed, memory_order_relaxed);
}

bool budget_stopped(const struct budget *budget) {
  return budget->stopped;
}
