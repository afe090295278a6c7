// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/call.h"
#include "process/gone.h"
#include "process/reply.h"
#include "process/worker.h"
#include "script/task.h"

/* gateway.call, the answer side: whole answers, error answers, event streams. */

void bind_fields(lua_State *L, int index, struct buffer *out) {
  if (lua_isnoneornil(L, index)) return;
  luaL_checktype(L, index, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    struct slice name = bind_slice(L, -2);
    struct slice value = bind_slice(L, -1);
    if (!field_name_valid(name) || !field_value_valid(value))
      luaL_error(L, "not a valid header: %s", lua_tostring(L, -2));
    buffer_append_slice(out, name);
    buffer_append(out, ": ", 2);
    buffer_append_slice(out, value);
    buffer_append(out, "\r\n", 2);
  }
}

/* The extra fields of an answer: the table at `index` and the reply's own in the box at `reply_index`. */
static struct buffer *answer_fields(lua_State *L, int index, int reply_index) {
  struct buffer *fields = bind_buffer_new(L);
  bind_fields(L, index, fields);
  if (!lua_isnoneornil(L, reply_index)) reply_fields(bind_reply(L, reply_index), fields);
  return fields;
}

static struct slice optional(lua_State *L, int index) {
  return lua_isnoneornil(L, index) ? (struct slice){0} : bind_slice(L, index);
}

/* respond(status, content_type, body, headers, reply) */
static int call_respond_whole(lua_State *L) {
  struct call *call = bind_call(L, 1);
  lua_settop(L, 6);
  if (exchange_answered(call->exchange)) return luaL_error(L, "this call is answered already");
  struct buffer *fields = answer_fields(L, 5, 6);
  struct slice body = optional(L, 4);
  call_respond(call, (int)luaL_checkinteger(L, 2), optional(L, 3), buffer_slice(fields), &body, body.len > 0);
  return 0;
}

/* refuse(status, type, code, message, param, headers, reply) */
static int call_refuse_with(lua_State *L) {
  struct call *call = bind_call(L, 1);
  lua_settop(L, 8);
  if (exchange_answered(call->exchange) && call->stream != CALL_STREAM_BEGUN)
    return luaL_error(L, "this call is answered already");
  struct buffer *fields = answer_fields(L, 7, 8);
  call_refuse(call, &(struct call_problem){.status = (int)luaL_checkinteger(L, 2),
                                           .type = optional(L, 3),
                                           .code = optional(L, 4),
                                           .message = bind_slice(L, 5),
                                           .param = optional(L, 6),
                                           .fields = buffer_slice(fields)});
  return 0;
}

/* field(name, value) -> whether the answer, which has not begun yet, will carry it */
static int call_field(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct slice name = bind_slice(L, 2), value = bind_slice(L, 3);
  if (!field_name_valid(name) || !field_value_valid(value)) return luaL_error(L, "not a valid header: %s", name.ptr);
  bool open = !exchange_answered(call->exchange);
  if (open && !call_field_set(call, name, value)) return luaL_error(L, "%s is the gateway's own header", name.ptr);
  lua_pushboolean(L, open);
  return 1;
}

static void overhead_append(const struct call *call, const struct reply *reply, struct buffer *out) {
  uint64_t total = uv_hrtime() - exchange_started(call->exchange);
  uint64_t upstream = reply->done_at > reply->sent_at ? reply->done_at - reply->sent_at : 0;
  if (total <= upstream) return;
  uint64_t micro = (total - upstream) / 1000;
  buffer_append_slice(out, SLICE_LITERAL("X-Gateway-Overhead-Ms: "));
  buffer_append_decimal(out, (long long)(micro / 1000));
  char digits[5] = {'.', (char)('0' + micro / 100 % 10), (char)('0' + micro / 10 % 10), (char)('0' + micro % 10), '\r'};
  buffer_append(out, digits, sizeof digits);
  buffer_append(out, "\n", 1);
}

/* The body's pieces, with `"provider":name` spliced in where the configuration asks for the member. */
static unsigned pass_pieces(lua_State *L, int index, struct reply *reply, struct json_edits *edits,
                            struct slice *pieces) {
  if (!lua_isnoneornil(L, index) && reply->index.text.len > 0) {
    lua_pushfstring(L, "\"provider\":\"%s\"", luaL_checkstring(L, index));
    json_edit_append(edits, &reply->index, bind_slice(L, -1));
  }
  return json_edits_segments(edits, buffer_slice(&reply->inbox), pieces);
}

/* Chat is JSON whatever its provider calls it. */
static struct slice passed_type(const struct reply *reply) {
  struct slice type = {0};
  if (reply->answer == REPLY_ANSWER_OWN) type = reply_field(reply, SLICE_LITERAL("content-type"));
  return type.len > 0 ? type : SLICE_LITERAL("application/json");
}

/* pass(reply, provider_member): the upstream's whole answer with its own bytes; usage goes to the notes */
static int call_pass(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct reply *reply = bind_reply(L, 2);
  lua_settop(L, 3);
  if (exchange_answered(call->exchange)) return luaL_error(L, "this call is answered already");
  if (reply->state != REPLY_WHOLE) return luaL_error(L, "only a whole answer can be passed on");
  struct json_edits edits = {.count = 0};
  struct slice pieces[JSON_SEGMENTS_MAX];
  unsigned count = pass_pieces(L, 3, reply, &edits, pieces);
  struct buffer *fields = &call->worker->extra;
  buffer_clear(fields);
  overhead_append(call, reply, fields);
  reply_fields(reply, fields);
  if (reply->usage.prompt >= 0) call->notes.tokens_in = reply->usage.prompt; /* else what the script has noted stays */
  if (reply->usage.completion >= 0) call->notes.tokens_out = reply->usage.completion;
  call_respond(call, reply->response->status, passed_type(reply), buffer_slice(fields), pieces, count);
  return 0;
}

/* ---- event streams written by scripts ---- */

/* await_stream(pings): the client reads events and has nothing yet; see call_stream_await */
static int call_await_stream(lua_State *L) {
  call_stream_await(bind_call(L, 1), lua_toboolean(L, 2));
  return 0;
}

/* begun() -> whether the stream's head and pings are out, and nothing that anybody said */
static int call_begun(lua_State *L) {
  lua_pushboolean(L, bind_call(L, 1)->stream == CALL_STREAM_BEGUN);
  return 1;
}

/* stream(headers, reply, content_type) begins, and only adds to one that has begun: its head is out; write(text,
 * counted) sends and waits while the client is slow; finish(complete) ends. Without a type it is one of events.
 * `counted`: bytes of it that say something, where that is not all of it; tokens are estimated by them. */
static int call_stream(lua_State *L) {
  struct call *call = bind_call(L, 1);
  lua_settop(L, 4);
  if (exchange_answered(call->exchange) && call->stream != CALL_STREAM_BEGUN)
    return luaL_error(L, "this call is answered already");
  struct buffer *fields = answer_fields(L, 2, 3);
  call_stream_begin(call, optional(L, 4), buffer_slice(fields));
  return 0;
}

struct writable_wait {
  struct call *call;
  struct task *task;
  uint64_t number;
};

static int writable_results(lua_State *L, void *operation) {
  (void)L;
  (void)operation;
  return 0;
}

static void writable_abort(void *operation) {
  struct writable_wait *wait = operation;
  wait->call->on_writable = NULL;
}

static void writable_now(struct call *call, void *waiter) {
  struct writable_wait *wait = waiter;
  call->on_writable = NULL;
  task_wake(wait->task, wait->number);
}

static struct call *open_stream(lua_State *L) {
  struct call *call = bind_call(L, 1);
  if (call->stream != CALL_STREAM_OPEN) luaL_error(L, "no event stream is open");
  return call;
}

static int call_write(lua_State *L) {
  struct call *call = open_stream(L);
  uint64_t counted = (uint64_t)luaL_optnumber(L, 3, (lua_Number)bind_slice(L, 2).len);
  if (!call->notes.first_byte_at && counted > 0) call->notes.first_byte_at = uv_hrtime();
  estimate_flow_add(&call->flow, counted);
  if (call_stream_write(call, bind_slice(L, 2)) != EXCHANGE_FULL) return 0;
  struct writable_wait *wait = arena_alloc(exchange_arena(call->exchange), sizeof *wait);
  *wait = (struct writable_wait){call, task_of(L), 0};
  call->on_writable = writable_now;
  call->waiter = wait;
  wait->number = task_wait(L, wait, writable_results, writable_abort);
  return lua_yield(L, 0);
}

/* finish(complete): false cuts the body on purpose, after an error event */
static int call_finish(lua_State *L) {
  struct call *call = open_stream(L);
  bool complete = lua_toboolean(L, 2);
  if (!complete) {
    call->notes.incomplete = true;
    exchange_close_after(call->exchange);
  }
  call_stream_end(call, complete);
  return 0;
}

static int call_answered(lua_State *L) {
  lua_pushboolean(L, exchange_answered(bind_call(L, 1)->exchange));
  return 1;
}

/* drained() -> whether the client has gone and only what the answer uses and costs is wanted: no hook runs for it, and
 * nobody else is asked */
static int call_is_drained(lua_State *L) {
  lua_pushboolean(L, call_drained(bind_call(L, 1)));
  return 1;
}

/* left() -> what becomes of the call now that its client has gone: "cancel", "drain", "finish" | nothing while the
 * client is here */
static int call_has_left(lua_State *L) {
  const struct call *call = bind_call(L, 1);
  if (!call->left) return 0;
  bind_push_slice(L, slice_text(call_gone_name(call)));
  return 1;
}

const luaL_Reg bind_call_answer[] = {
    {"respond", call_respond_whole},
    {"refuse", call_refuse_with},
    {"pass", call_pass},
    {"await_stream", call_await_stream},
    {"begun", call_begun},
    {"stream", call_stream},
    {"write", call_write},
    {"finish", call_finish},
    {"answered", call_answered},
    {"field", call_field},
    {"drained", call_is_drained},
    {"left", call_has_left},
    {NULL, NULL},
};
