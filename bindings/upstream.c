// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream.h"

#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/call.h"
#include "process/reply.h"
#include "process/worker.h"
#include "script/task.h"

/* gateway.upstream: where calls go and how they are sent. */

#define TARGET_TYPE "gateway.target"

/* An origin with what every call to it carries, composed once per generation. Owned by the Lua collector. */
struct target {
  struct origin *origin;
  struct buffer lines; /* prepared header lines; holds the credential */
  struct transfer_timeouts timeouts;
};

/* ---- targets ---- */

static int target_collect(lua_State *L) {
  struct target *target = lua_touserdata(L, 1);
  buffer_free(&target->lines);
  return 0;
}

static struct target *target_check(lua_State *L, int index) {
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

/* ---- sending: the one wait of a call ---- */

struct send_wait {
  struct task *task;
  uint64_t number;
  struct reply *reply;
};

static int push_failure(lua_State *L, const struct error *error, bool untouched) {
  lua_pushnil(L);
  lua_createtable(L, 0, 4);
  bind_push_slice(L, slice_text(error->code));
  lua_setfield(L, -2, "code");
  bind_push_slice(L, slice_text(error->message));
  lua_setfield(L, -2, "message");
  lua_pushinteger(L, error->status);
  lua_setfield(L, -2, "status");
  lua_pushboolean(L, untouched);
  lua_setfield(L, -2, "untouched");
  return 2;
}

static int send_results(lua_State *L, void *operation) {
  struct reply *reply = ((struct send_wait *)operation)->reply;
  if (reply->state == REPLY_FAILED) {
    struct error error = reply->error;
    bool untouched = reply->transfer && transfer_untouched(reply->transfer);
    reply_free(reply);
    return push_failure(L, &error, untouched);
  }
  reply->box = bind_box_new(L, REPLY_TYPE, reply);
  return 1;
}

static void send_abort(void *operation) {
  reply_free(((struct send_wait *)operation)->reply);
}

static void send_woken(struct reply *reply, void *waiter) {
  struct send_wait *wait = waiter;
  (void)reply;
  task_wake(wait->task, wait->number);
}

/* What a script is going to decode must leave room for what it makes of it. */
enum { DECODED_SHARE = 8 };

static uint64_t body_limit(const struct settings *settings, bool decoded) {
  uint64_t limit = settings->upstream_body_bytes, share = settings->script_memory_bytes / DECODED_SHARE;
  return decoded && share < limit ? share : limit;
}

static unsigned body_pieces(lua_State *L, int index, struct call *call, struct slice *pieces) {
  if (!lua_isnoneornil(L, index)) {
    pieces[0] = bind_slice(L, index);
    return 1;
  }
  pieces[0] = call_body(call);
  return call->edits ? json_edits_segments(call->edits, pieces[0], pieces) : 1;
}

/* target:send(call, path, stream, body, headers) -> reply | nil, {code, message, status, untouched}. Waits. `body` nil:
 * the call's own body with its edits. */
static int target_send(lua_State *L) {
  struct target *target = target_check(L, 1);
  struct call *call = bind_call(L, 2);
  lua_settop(L, 6);
  struct slice pieces[JSON_SEGMENTS_MAX];
  struct buffer *lines = &call->worker->extra;
  struct task *task = task_check(L);
  struct reply_request request = {.stream = lua_toboolean(L, 4)};
  struct transfer_request *transfer = &request.transfer;
  transfer->origin = target->origin;
  transfer->method = SLICE_LITERAL("POST");
  transfer->target = bind_slice(L, 3);
  transfer->prepared = buffer_slice(&target->lines);
  transfer->body = pieces;
  transfer->body_count = body_pieces(L, 5, call, pieces);
  transfer->has_body = true;
  transfer->timeouts = target->timeouts;
  if (!request.stream) transfer->body_limit = body_limit(&call->worker->settings, !lua_isnil(L, 5));
  if (lua_istable(L, 6)) {
    buffer_clear(lines);
    buffer_append_slice(lines, transfer->prepared);
    bind_fields(L, 6, lines);
    transfer->prepared = buffer_slice(lines);
  }
  struct send_wait *wait = arena_alloc(exchange_arena(call->exchange), sizeof *wait);
  struct error error;
  wait->task = task;
  wait->reply = reply_send(call, &request, send_woken, wait, &error);
  if (!wait->reply) return push_failure(L, &error, true);
  wait->number = task_wait(L, wait, send_results, send_abort);
  return lua_yield(L, 0);
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
  static const luaL_Reg functions[] = {{"target", upstream_target}, {"sleep", upstream_sleep}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"send", target_send}, {"__gc", target_collect}, {NULL, NULL}};
  bind_box_type(L, TARGET_TYPE, methods);
  bind_door_private(L, "upstream", functions);
}
