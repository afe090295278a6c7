// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/target.h"
#include "process/call.h"
#include "process/reply.h"
#include "process/stay.h"
#include "process/worker.h"
#include "script/task.h"

/* gateway.target's send: the one wait of a call. */

struct send_wait {
  struct task *task;
  uint64_t number;
  struct reply *reply;
};

int bind_target_failure(lua_State *L, const struct error *error, const struct transfer *transfer) {
  lua_pushnil(L);
  lua_createtable(L, 0, 5);
  bind_push_slice(L, slice_text(error->code));
  lua_setfield(L, -2, "code");
  bind_push_slice(L, slice_text(error->message));
  lua_setfield(L, -2, "message");
  lua_pushinteger(L, error->status);
  lua_setfield(L, -2, "status");
  lua_pushboolean(L, transfer && transfer_untouched(transfer));
  lua_setfield(L, -2, "untouched");
  lua_pushboolean(L, transfer && transfer_unsent(transfer));
  lua_setfield(L, -2, "unsent");
  return 2;
}

static int send_results(lua_State *L, void *operation) {
  struct reply *reply = ((struct send_wait *)operation)->reply;
  if (reply->state == REPLY_FAILED) {
    bind_target_failure(L, &reply->error, reply->transfer);
    reply_free(reply);
    return 2;
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

/* ---- what is sent ---- */

enum { PATH = 3, STREAM, BODY, HEADERS, METHOD, FRAMING, ANSWER, LAST = ANSWER };

/* A table of options becomes arguments at their places. */
static void options_spread(lua_State *L) {
  static const char *const names[] = {"path", "stream", "body", "headers", "method", "framing", "answer"};
  if (!lua_istable(L, PATH)) return lua_settop(L, LAST);
  lua_settop(L, PATH);
  lua_insert(L, 1); /* options, target, call */
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_pushstring(L, names[i]);
    lua_rawget(L, 1);
  }
  lua_remove(L, 1);
}

static enum reply_answer answer_named(lua_State *L, int index) {
  if (lua_isnil(L, index)) return REPLY_ANSWER_JSON;
  struct slice name = bind_slice(L, index);
  if (slice_equal(name, SLICE_LITERAL("any"))) return REPLY_ANSWER_ANY;
  if (slice_equal(name, SLICE_LITERAL("own"))) return REPLY_ANSWER_OWN;
  return REPLY_ANSWER_JSON;
}

static enum framing framing_at(lua_State *L, int index) {
  enum framing framing = FRAMING_SSE;
  bool known = lua_isnil(L, index) || framing_named(bind_slice(L, index), &framing);
  if (!known) luaL_error(L, "no stream is framed so: %s", lua_tostring(L, index));
  return framing;
}

/* What a script is going to decode must leave room for what it makes of it. */
enum { DECODED_SHARE = 8 };

static uint64_t body_limit(const struct settings *settings, bool decoded) {
  uint64_t limit = settings->upstream_body_bytes, share = settings->script_memory_bytes / DECODED_SHARE;
  return decoded && share < limit ? share : limit;
}

static unsigned body_pieces(lua_State *L, struct call *call, struct slice *pieces) {
  if (!lua_isnil(L, BODY)) {
    pieces[0] = bind_slice(L, BODY);
    return 1;
  }
  pieces[0] = call_body(call);
  return call->edits ? json_edits_segments(call->edits, pieces[0], pieces) : 1;
}

/* Whether the table of headers has a line of this name: then that one counts. */
static bool is_replaced(lua_State *L, struct slice name) {
  bool found = false;
  for (lua_pushnil(L); lua_next(L, HEADERS); lua_pop(L, 1)) {
    found = found || slice_equal_caseless(bind_slice(L, -2), name);
  }
  return found;
}

/* The target's lines but those that the call brings itself, and the call's. */
static struct slice lines_join(lua_State *L, struct slice prepared, struct buffer *out) {
  buffer_clear(out);
  while (prepared.len > 0) {
    const char *end = memchr(prepared.ptr, '\n', prepared.len), *colon = memchr(prepared.ptr, ':', prepared.len);
    struct slice line = {prepared.ptr, (size_t)(end - prepared.ptr) + 1};
    if (!is_replaced(L, slice_make(line.ptr, (size_t)(colon - line.ptr)))) buffer_append_slice(out, line);
    prepared = slice_from(prepared, line.len);
  }
  bind_fields(L, HEADERS, out);
  return buffer_slice(out);
}

static void request_read(lua_State *L, const struct target *target, struct call *call, struct slice *pieces,
                         struct reply_request *request) {
  struct transfer_request *transfer = &request->transfer;
  request->stream = lua_toboolean(L, STREAM);
  request->framing = framing_at(L, FRAMING);
  request->answer = answer_named(L, ANSWER);
  transfer->origin = target->origin;
  transfer->method = lua_isnil(L, METHOD) ? SLICE_LITERAL("POST") : bind_slice(L, METHOD);
  transfer->target = bind_slice(L, PATH);
  transfer->prepared = buffer_slice(&target->lines);
  transfer->body = pieces;
  transfer->has_body = !slice_equal(transfer->method, SLICE_LITERAL("GET"));
  transfer->body_count = transfer->has_body ? body_pieces(L, call, pieces) : 0;
  transfer->timeouts = target->timeouts;
  request->body_limit = body_limit(&call->worker->settings, !lua_isnil(L, BODY));
  if (!request->stream && request->answer != REPLY_ANSWER_OWN) transfer->body_limit = request->body_limit;
  if (lua_istable(L, HEADERS)) transfer->prepared = lines_join(L, transfer->prepared, &call->worker->extra);
}

/* send(call, path, stream, body, headers), or send(call, { path =, stream =, body =, headers =, method =, framing =,
 * answer = }) -> reply | nil, {code, message, status, untouched, unsent}. Waits. `body` nil: the call's own body with
 * its edits; a GET has none. `headers` count in the place of the target's. `framing`: "sse", "ndjson", "eventstream" of
 * a stream. `answer`: what a whole 2xx must be: "json" (an object), "any", "own" (JSON, text, or a body that is passed
 * on as it comes). */
int bind_target_send(lua_State *L) {
  struct target *target = bind_target(L, 1);
  struct call *call = bind_call(L, 2);
  options_spread(L);
  struct slice pieces[JSON_SEGMENTS_MAX];
  struct task *task = task_check(L);
  struct reply_request request = {0};
  request_read(L, target, call, pieces, &request);
  struct send_wait *wait = arena_alloc(exchange_arena(call->exchange), sizeof *wait);
  struct error error;
  wait->task = task;
  wait->reply = reply_send(call, &request, send_woken, wait, &error);
  if (!wait->reply) return bind_target_failure(L, &error, NULL); /* our own fault: no other try is better */
  wait->reply->sender = task;
  const struct stay *stay = stay_of(call->stays, task);
  if (stay) wait->reply->place = stay->place;
  wait->number = task_wait(L, wait, send_results, send_abort);
  return lua_yield(L, 0);
}
