// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream.h"

#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/target.h"
#include "process/call.h"
#include "process/worker.h"
#include "script/task.h"

/* gateway.upstream: where calls go and how they are sent. */

/* ---- targets ---- */

static int target_collect(lua_State *L) {
  struct target *target = lua_touserdata(L, 1);
  buffer_free(&target->lines);
  return 0;
}

struct target *bind_target(lua_State *L, int index) {
  return luaL_checkudata(L, index, TARGET_TYPE);
}

static unsigned timeout_field(lua_State *L, int table, const char *name, unsigned otherwise) {
  if (!lua_istable(L, table)) return otherwise;
  lua_getfield(L, table, name);
  unsigned value = lua_isnil(L, -1) ? otherwise : (unsigned)luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return value;
}

static void timeouts_read(lua_State *L, int table, const struct settings *settings, struct transfer_timeouts *out) {
  out->connect = timeout_field(L, table, "connect", settings->upstream_connect_ms);
  out->first_byte = timeout_field(L, table, "first_byte", settings->upstream_first_byte_ms);
  out->idle = timeout_field(L, table, "idle", settings->upstream_idle_ms);
  out->total = timeout_field(L, table, "total", settings->upstream_total_ms);
}

static int failed(lua_State *L, const struct error *error) {
  lua_pushnil(L);
  bind_push_slice(L, slice_text(error->message));
  return 2;
}

/* target{url=, headers=, timeouts=, http2=, insecure=} -> target | nil, message. Without a worker (specs, check) it is
 * a target that cannot be sent to. */
static int upstream_target(lua_State *L) {
  struct worker *worker = vm_host(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  for (int i = 0; i < 5; i++) {
    static const char *const names[] = {"url", "headers", "timeouts", "http2", "insecure"};
    lua_getfield(L, 1, names[i]); /* 2 .. 6 */
  }
  struct target *target = lua_newuserdata(L, sizeof *target);
  *target = (struct target){0};
  luaL_getmetatable(L, TARGET_TYPE);
  lua_setmetatable(L, -2);
  bind_fields(L, 3, &target->lines);
  if (worker) timeouts_read(L, 4, &worker->settings, &target->timeouts);
  struct origin_options options = {.url = bind_slice(L, 2),
                                   .protocol = lua_toboolean(L, 5) ? ORIGIN_HTTP2 : ORIGIN_HTTP1,
                                   .tls_insecure = lua_toboolean(L, 6)};
  struct error error;
  if (!worker || !worker->upstream) return 1;
  target->origin = origin_get(worker->upstream, &options, &error);
  return target->origin ? 1 : failed(L, &error);
}

/* ---- a short sleep between attempts ---- */

struct sleep_wait {
  struct timer timer;
  struct task *task;
  uint64_t number;
};

static int sleep_results(lua_State *L, void *operation) {
  (void)L;
  (void)operation;
  return 0;
}

static void sleep_abort(void *operation) {
  timer_stop(&((struct sleep_wait *)operation)->timer);
}

static void sleep_over(struct timer *timer) {
  struct sleep_wait *wait = LIST_OWNER(timer, struct sleep_wait, timer);
  task_wake(wait->task, wait->number);
}

/* sleep(call, milliseconds). Waits. */
static int upstream_sleep(lua_State *L) {
  struct call *call = bind_call(L, 1);
  lua_Integer milliseconds = luaL_checkinteger(L, 2);
  struct sleep_wait *wait = arena_alloc(exchange_arena(call->exchange), sizeof *wait);
  timer_init(&wait->timer, sleep_over);
  wait->task = task_of(L);
  wait->number = task_wait(L, wait, sleep_results, sleep_abort);
  timer_start(call->worker->loop.wheel, &wait->timer, milliseconds > 0 ? (uint64_t)milliseconds : 0);
  return lua_yield(L, 0);
}

void bind_upstream(lua_State *L);

void bind_upstream(lua_State *L) {
  static const luaL_Reg functions[] = {{"target", upstream_target},
                                       {"sleep", upstream_sleep},
                                       {"fetch", bind_fetch_public},
                                       {"errand", bind_errand},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"send", bind_target_send}, {"__gc", target_collect}, {NULL, NULL}};
  bind_box_type(L, TARGET_TYPE, methods);
  bind_door_private(L, "upstream", functions);
}
