// SPDX-License-Identifier: Apache-2.0
#include "process/forward.h"

#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/target.h"
#include "process/call.h"
#include "process/worker.h"
#include "script/task.h"

/* gateway.forward: requests that go on to an upstream as they come, and answers that come back so. One to a call, asked
 * for in this order:
 *   hold(call, bytes) -> whole, size      lets the body come until so many bytes are held, or all. A whole one is the
 *       call's body (call:scan, set, text ...). Waits.
 *   member(call, name) -> text | nothing      the first top-level member of that name in what is held, if a string
 *   streams(target) -> whether bodies can be sent there as they come, else hold them first; whether WebSockets can
 *   send(call, target, { path=, method=, signs=, upgrade= }) -> status, content_type, encoded
 *       | nil, { code, message, status, untouched, unsent }
 *       path: with the query; signs: header lines that win over the target's; upgrade: to a WebSocket. Waits for the
 *       head.
 *   header(call, name) -> value | nothing     of the answer, between its head and its body
 *   again(call) -> whether the answer was let go of, so that the same can be sent once more; not when the body has gone
 *       by
 *   body(call, bytes, milliseconds) -> text | nothing when it is longer, or takes longer, or breaks off. Waits.
 *   pipe(call, leave_open) -> true | false, code, message     answers with what the upstream says, as it says it; a 101
 *       becomes a tunnel. Waits for the end, which finish(call) lets the client see when it is left open.
 *   respond(call, text, content_type)     answers with the upstream's status and headers and this body, which loses its
 *       secrets; content_type nil: the upstream's */

void bind_forward(lua_State *L);

struct forward_wait {
  struct forward *forward;
  struct task *task;
  uint64_t number;
};

static void wait_woken(struct forward *forward, void *waiter) {
  struct forward_wait *wait = waiter;
  (void)forward;
  task_wake(wait->task, wait->number);
}

static void wait_abort(void *operation) {
  ((struct forward_wait *)operation)->forward->wake = NULL;
}

/* Registers the wait; whatever was begun calls wait_woken with it. */
static struct forward_wait *wait_new(lua_State *L, struct forward *forward, task_results results) {
  struct forward_wait *wait = arena_alloc(exchange_arena(forward->call->exchange), sizeof *wait);
  *wait = (struct forward_wait){.forward = forward, .task = task_check(L)};
  wait->number = task_wait(L, wait, results, wait_abort);
  return wait;
}

static struct forward *forward_at(lua_State *L, enum forward_state state) {
  struct forward *forward = forward_of(bind_call(L, 1));
  if (forward->state != state) luaL_error(L, "a forwarded call is not asked in this order");
  return forward;
}

/* ---- the body ---- */

static int push_held(lua_State *L, struct forward *forward) {
  forward_adopt(forward);
  lua_pushboolean(L, forward->over);
  lua_pushnumber(L, (lua_Number)(forward->over ? call_body(forward->call).len : forward->held.len));
  return 2;
}

static int hold_results(lua_State *L, void *operation) {
  return push_held(L, ((struct forward_wait *)operation)->forward);
}

static int body_hold(lua_State *L) {
  struct forward *forward = forward_at(L, FORWARD_CLIENT);
  size_t bytes = (size_t)luaL_checkinteger(L, 2);
  if (forward->over || forward->held.len >= bytes) return push_held(L, forward);
  struct forward_wait *wait = wait_new(L, forward, hold_results);
  forward_hold(forward, bytes, wait_woken, wait);
  return lua_yield(L, 0);
}

static int body_member(lua_State *L) {
  struct forward *forward = forward_of(bind_call(L, 1));
  struct slice text = forward->over ? call_body(forward->call) : buffer_slice(&forward->held), raw;
  if (!json_glance(text, bind_slice(L, 2), &raw)) return 0;
  struct buffer *value = bind_buffer_new(L);
  json_string_decode(raw, value);
  bind_push_slice(L, buffer_slice(value));
  return 1;
}

/* ---- the upstream ---- */

static int target_streams(lua_State *L) {
  const struct target *target = bind_target(L, 1);
  lua_pushboolean(L, target->origin && origin_streams(target->origin));
  lua_pushboolean(L, target->origin && origin_upgrades(target->origin));
  return 2;
}

static struct slice answer_field(const struct forward *forward, struct slice name) {
  const struct transfer_response *response = forward->response;
  return field_value(response->fields, response->field_count, name);
}

static int send_results(lua_State *L, void *operation) {
  const struct forward *forward = ((struct forward_wait *)operation)->forward;
  if (forward->state == FORWARD_FAILED) return bind_target_failure(L, &forward->error, forward->transfer);
  struct slice encoding = answer_field(forward, SLICE_LITERAL("content-encoding"));
  lua_pushinteger(L, forward->response->status);
  bind_push_slice(L, answer_field(forward, SLICE_LITERAL("content-type")));
  lua_pushboolean(L, encoding.len > 0 && !slice_equal_caseless(encoding, SLICE_LITERAL("identity")));
  return 3;
}

enum { OPTION_PATH = 4, OPTION_METHOD, OPTION_SIGNS, OPTION_UPGRADE };

static void options_spread(lua_State *L) {
  static const char *const names[] = {"path", "method", "signs", "upgrade"};
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_pushstring(L, names[i]);
    lua_rawget(L, 3);
  }
}

static int request_send(lua_State *L) {
  struct forward *forward = forward_at(L, FORWARD_CLIENT);
  const struct target *target = bind_target(L, 2);
  options_spread(L);
  struct buffer *signs = bind_buffer_new(L);
  bind_fields(L, OPTION_SIGNS, signs);
  struct forward_request request = {.origin = target->origin,
                                    .method = lua_isnil(L, OPTION_METHOD)
                                                  ? exchange_request(forward->call->exchange)->method
                                                  : bind_slice(L, OPTION_METHOD),
                                    .target = bind_slice(L, OPTION_PATH),
                                    .lines = buffer_slice(&target->lines),
                                    .signs = buffer_slice(signs),
                                    .timeouts = target->timeouts,
                                    .upgrade = lua_toboolean(L, OPTION_UPGRADE)};
  struct error error;
  struct forward_wait *wait = wait_new(L, forward, send_results);
  if (forward_send(forward, &request, wait_woken, wait, &error) == 0) return lua_yield(L, 0);
  forward->error = error;
  forward->state = FORWARD_FAILED;
  task_wake(wait->task, wait->number);
  return lua_yield(L, 0);
}

static int request_again(lua_State *L) {
  lua_pushboolean(L, forward_again(forward_at(L, FORWARD_HEAD)));
  return 1;
}

/* ---- the answer ---- */

static int answer_header(lua_State *L) {
  const struct forward *forward = forward_at(L, FORWARD_HEAD);
  const struct transfer_response *response = forward->response;
  const struct http_field *field = field_find(response->fields, response->field_count, bind_slice(L, 2));
  if (!field) return 0;
  bind_push_slice(L, field->value);
  return 1;
}

static int body_results(lua_State *L, void *operation) {
  const struct forward *forward = ((struct forward_wait *)operation)->forward;
  if (forward->too_long || forward->error.code) return 0;
  bind_push_slice(L, buffer_slice(&forward->inbox));
  return 1;
}

static int answer_body(lua_State *L) {
  struct forward *forward = forward_at(L, FORWARD_HEAD);
  size_t bytes = (size_t)luaL_checkinteger(L, 2);
  unsigned milliseconds = (unsigned)luaL_checkinteger(L, 3);
  struct forward_wait *wait = wait_new(L, forward, body_results);
  forward_read(forward, bytes, milliseconds, wait_woken, wait);
  return lua_yield(L, 0);
}

static int pipe_results(lua_State *L, void *operation) {
  const struct forward *forward = ((struct forward_wait *)operation)->forward;
  lua_pushboolean(L, forward->error.code == NULL);
  if (!forward->error.code) return 1;
  bind_push_slice(L, slice_text(forward->error.code));
  bind_push_slice(L, slice_text(forward->error.message));
  return 3;
}

static void check_unanswered(lua_State *L, const struct forward *forward) {
  if (exchange_answered(forward->call->exchange)) luaL_error(L, "this call is answered already");
}

static int answer_pipe(lua_State *L) {
  struct forward *forward = forward_at(L, FORWARD_HEAD);
  check_unanswered(L, forward);
  struct forward_wait *wait = wait_new(L, forward, pipe_results);
  forward_pipe(forward, lua_toboolean(L, 2), wait_woken, wait);
  return lua_yield(L, 0);
}

static int answer_finish(lua_State *L) {
  forward_finish(forward_at(L, FORWARD_PIPED));
  return 0;
}

static int answer_respond(lua_State *L) {
  struct forward *forward = forward_at(L, FORWARD_HEAD);
  check_unanswered(L, forward);
  lua_settop(L, 3);
  struct buffer *text = bind_buffer_new(L);
  forward_scrub(forward, bind_slice(L, 2), text);
  forward_respond(forward, lua_isnil(L, 3) ? (struct slice){0} : bind_slice(L, 3), buffer_slice(text));
  return 0;
}

void bind_forward(lua_State *L) {
  static const luaL_Reg functions[] = {{"hold", body_hold},
                                       {"member", body_member},
                                       {"streams", target_streams},
                                       {"send", request_send},
                                       {"again", request_again},
                                       {"body", answer_body},
                                       {"pipe", answer_pipe},
                                       {"finish", answer_finish},
                                       {"header", answer_header},
                                       {"respond", answer_respond},
                                       {0}};
  bind_door_private(L, "forward", functions);
}
