// SPDX-License-Identifier: Apache-2.0
#include "process/reply.h"

#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/call.h"
#include "process/relay_scan.h"
#include "process/worker.h"
#include "script/task.h"
#include "script/vm.h"

/* An upstream's answer as the pipeline sees it (type gateway.reply). */

struct reply *bind_reply(lua_State *L, int index) {
  return bind_box(L, index, REPLY_TYPE);
}

static int reply_status(lua_State *L) {
  const struct reply *reply = bind_reply(L, 1);
  lua_pushinteger(L, reply->response ? reply->response->status : 0);
  return 1;
}

static int reply_streams(lua_State *L) {
  lua_pushboolean(L, bind_reply(L, 1)->streams);
  return 1;
}

/* verbatim() -> whether it is bytes that nobody looks at, passed on as they come */
static int reply_verbatim(lua_State *L) {
  lua_pushboolean(L, bind_reply(L, 1)->verbatim);
  return 1;
}

/* headers() -> all of them, names in lower case; the first of each name counts */
static int reply_headers(lua_State *L) {
  const struct reply *reply = bind_reply(L, 1);
  lua_newtable(L);
  for (unsigned i = reply->response ? reply->response->field_count : 0; i > 0; i--) {
    bind_push_lower(L, reply->response->fields[i - 1].name);
    bind_push_slice(L, reply->response->fields[i - 1].value);
    lua_rawset(L, -3);
  }
  return 1;
}

/* raw(name) -> bytes of a top-level member of a whole 2xx answer | nothing */
static int reply_raw(lua_State *L) {
  const struct json_member *member = json_index_find(&bind_reply(L, 1)->index, bind_slice(L, 2));
  if (!member) return 0;
  bind_push_slice(L, member->value);
  return 1;
}

static int reply_header(lua_State *L) {
  struct slice value = reply_field(bind_reply(L, 1), bind_slice(L, 2));
  if (value.len == 0) return 0;
  bind_push_slice(L, value);
  return 1;
}

/* passed() -> the headers a client may see, name to value */
static int reply_passed(lua_State *L) {
  const struct reply *reply = bind_reply(L, 1);
  lua_newtable(L);
  for (unsigned i = 0; reply->response && i < reply->response->field_count; i++) {
    const struct http_field *field = &reply->response->fields[i];
    struct slice name = reply_field_passes(field->name);
    if (name.len == 0) continue;
    bind_push_slice(L, name);
    bind_push_slice(L, field->value);
    lua_rawset(L, -3);
  }
  return 1;
}

/* body(limit) -> the whole answer's text, or its first `limit` bytes */
static int reply_body(lua_State *L) {
  struct slice body = buffer_slice(&bind_reply(L, 1)->inbox);
  size_t limit = (size_t)luaL_optinteger(L, 2, PTRDIFF_MAX);
  if (body.len > limit) body.len = limit;
  vm_work_expect(vm_of(L), body.len);
  bind_push_slice(L, body);
  return 1;
}

/* has(name): a top-level member of a whole 2xx answer, other than null */
static int reply_has(lua_State *L) {
  const struct json_member *member = json_index_find(&bind_reply(L, 1)->index, bind_slice(L, 2));
  lua_pushboolean(L, member && member->type != JSON_NULL);
  return 1;
}

static void push_count(lua_State *L, long long count) {
  if (count < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)count);
}

/* usage() -> prompt, completion, cached, reasoning, cache_write, audio_in, audio_out, seconds; nil where not reported
 */
static int reply_usage(lua_State *L) {
  const struct usage *usage = &bind_reply(L, 1)->usage;
  push_count(L, usage->prompt);
  push_count(L, usage->completion);
  push_count(L, usage->cached);
  push_count(L, usage->reasoning);
  push_count(L, usage->cache_write);
  push_count(L, usage->audio_in);
  push_count(L, usage->audio_out);
  push_count(L, usage->seconds);
  return 8;
}

static int push_early(lua_State *L, const struct reply *reply, unsigned position) {
  if (reply->state != REPLY_STREAM) return 0;
  struct slice name;
  struct slice data = reply_early_event(reply, position, &name);
  bind_push_slice(L, name);
  bind_push_slice(L, data);
  return 2;
}

/* first() -> name, data (of a long one the beginning) of a stream's first event */
static int reply_first(lua_State *L) {
  return push_early(L, bind_reply(L, 1), 0);
}

/* opening() -> the same of the event at which a stream is held: its first content, an error, an end */
static int reply_opening(lua_State *L) {
  const struct reply *reply = bind_reply(L, 1);
  return push_early(L, reply, reply->held);
}

/* ---- waiting for events, and for a relay's end ---- */

struct reply_wait {
  struct reply *reply;
  struct task *task;
  uint64_t number;
  struct timer timer; /* how long it may take */
  bool late;
};

static void wait_abort(void *operation) {
  struct reply_wait *wait = operation;
  timer_stop(&wait->timer);
  wait->reply->wake = NULL;
}

static void wait_woken(struct reply *reply, void *waiter) {
  struct reply_wait *wait = waiter;
  (void)reply;
  timer_stop(&wait->timer);
  task_wake(wait->task, wait->number);
}

static void wait_late(struct timer *timer) {
  struct reply_wait *wait = LIST_OWNER(timer, struct reply_wait, timer);
  wait->late = true;
  wait->reply->wake = NULL;
  task_wake(wait->task, wait->number);
}

static struct reply_wait *wait_new(lua_State *L, struct reply *reply) {
  struct reply_wait *wait = arena_alloc(exchange_arena(reply->call->exchange), sizeof *wait);
  *wait = (struct reply_wait){.reply = reply, .task = task_of(L)};
  timer_init(&wait->timer, wait_late);
  return wait;
}

static int push_end(lua_State *L, const struct reply *reply) {
  lua_pushnil(L);
  if (!reply->error.code) return 1;
  bind_push_slice(L, slice_text(reply->error.code));
  bind_push_slice(L, slice_text(reply->error.message));
  return 3;
}

static int push_found(lua_State *L, const struct reply *reply) {
  if (reply->found < 0) return push_end(L, reply);
  vm_work_expect(vm_of(L), reply->event.data.len);
  bind_push_slice(L, reply->event.name);
  bind_push_slice(L, reply->event.data);
  return 2;
}

static int next_results(lua_State *L, void *operation) {
  struct reply_wait *wait = operation;
  if (!wait->late) return push_found(L, wait->reply);
  wait->late = false;
  lua_pushboolean(L, false);
  return 1;
}

/* next(milliseconds) -> name, data | nil at the end | nil, code, message | false when nothing came in this time. Waits;
 * without a number as long as the upstream may take. */
static int reply_next_event(lua_State *L) {
  struct reply *reply = bind_reply(L, 1);
  lua_Number milliseconds = luaL_optnumber(L, 2, -1);
  struct reply_wait *wait = reply->waiting ? reply->waiting : (reply->waiting = wait_new(L, reply));
  if (reply_next(reply, wait_woken, wait) != 0) return push_found(L, reply);
  wait->number = task_wait(L, wait, next_results, wait_abort);
  if (milliseconds >= 0) timer_start(reply->call->worker->loop.wheel, &wait->timer, (uint64_t)milliseconds);
  return lua_yield(L, 0);
}

static int relay_results(lua_State *L, void *operation) {
  const struct reply *reply = ((struct reply_wait *)operation)->reply;
  lua_pushboolean(L, reply->error.code == NULL);
  if (!reply->error.code) return 1;
  bind_push_slice(L, slice_text(reply->error.code));
  bind_push_slice(L, slice_text(reply->error.message));
  lua_pushboolean(L, reply->saw_error);
  return 4;
}

/* relay(strip_usage, leave_open, keep) -> true | false, code, message, whether the client has seen an error event.
 * Begins the client's stream, which the script then ends with finish(); with `leave_open` it also writes what ends it.
 * `keep` bytes of events are kept for it. Waits. */
static int reply_relay_stream(lua_State *L) {
  struct reply *reply = bind_reply(L, 1);
  struct call *call = reply->call;
  bool open = !exchange_answered(call->exchange) || call->stream == CALL_STREAM_BEGUN;
  if (reply->state != REPLY_STREAM || reply->framing != FRAMING_SSE || !open)
    return luaL_error(L, "this reply cannot be relayed");
  struct buffer fields = {0};
  reply_fields(reply, &fields);
  enum relay_format format = relay_format_of(reply);
  call_stream_begin(call, format != RELAY_CHAT ? reply_field(reply, SLICE_LITERAL("content-type")) : (struct slice){0},
                    buffer_slice(&fields));
  buffer_free(&fields);
  struct reply_wait *wait = wait_new(L, reply);
  wait->number = task_wait(L, wait, relay_results, wait_abort);
  struct relay_options options = {.strip_usage = lua_toboolean(L, 2),
                                  .leave_open = lua_toboolean(L, 3),
                                  .format = format,
                                  .keep = (size_t)luaL_optinteger(L, 4, 0)};
  reply_relay(reply, &options, wait_woken, wait);
  return lua_yield(L, 0);
}

/* kept() -> data of the events that a relay kept, the byte 1E behind each, and of others than chat's before it the name
 * and the byte 1F | nothing when there were too many */
static int reply_kept(lua_State *L) {
  struct reply *reply = bind_reply(L, 1);
  if (reply->options.keep == 0) return 0;
  vm_work_expect(vm_of(L), reply->kept.len);
  bind_push_slice(L, buffer_slice(&reply->kept));
  return 1;
}

/* close(): gives the upstream's answer back before the call ends */
static int reply_close(lua_State *L) {
  reply_free(bind_reply(L, 1));
  return 0;
}

/* The script dropped its box: the call still owns the reply. */
static int reply_collect(lua_State *L) {
  struct reply *reply = *(struct reply **)lua_touserdata(L, 1);
  if (reply) reply->box = NULL;
  return 0;
}

const luaL_Reg bind_reply_methods[] = {
    {"__gc", reply_collect},      {"status", reply_status},      {"streams", reply_streams},
    {"verbatim", reply_verbatim}, {"headers", reply_headers},    {"raw", reply_raw},
    {"header", reply_header},     {"passed", reply_passed},      {"body", reply_body},
    {"has", reply_has},           {"usage", reply_usage},        {"first", reply_first},
    {"opening", reply_opening},   {"next", reply_next_event},    {"kept", reply_kept},
    {"close", reply_close},       {"relay", reply_relay_stream}, {NULL, NULL},
};
