// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"

#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/checks.h"
#include "bindings/json.h"
#include "process/background.h"
#include "process/credential.h"
#include "process/reply.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.call: one request as lua/pipeline.lua sees it. A box; every method raises once the call is over. */

bool bind_in_background(lua_State *L) {
  const struct task *running = task_running(L);
  return running && background_owns(running);
}

struct call *bind_call(lua_State *L, int index) {
  struct call *call = bind_box(L, index, CALL_TYPE);
  if (bind_in_background(L)) luaL_error(L, "%s is over", CALL_TYPE);
  return call;
}

/* ---- what came in ---- */

static struct slice kept(lua_State *L, struct call *call, int index) {
  return arena_copy(exchange_arena(call->exchange), bind_slice(L, index));
}

static int call_endpoint(lua_State *L) {
  bind_push_slice(L, slice_text(bind_call(L, 1)->route->endpoint));
  return 1;
}

static int call_method(lua_State *L) {
  bind_push_slice(L, exchange_request(bind_call(L, 1)->exchange)->method);
  return 1;
}

static int call_path(lua_State *L) {
  bind_push_slice(L, exchange_request(bind_call(L, 1)->exchange)->path);
  return 1;
}

/* query() -> all of it; query(name) -> the parameter's value as it was sent | nothing */
static int call_query(lua_State *L) {
  const struct http_request *request = exchange_request(bind_call(L, 1)->exchange);
  struct slice value = request->query;
  if (!lua_isnoneornil(L, 2)) value = credential_parameter(request, bind_slice(L, 2));
  if (!value.ptr) return 0;
  bind_push_slice(L, value);
  return 1;
}

static int call_header(lua_State *L) {
  const struct http_request *request = exchange_request(bind_call(L, 1)->exchange);
  const struct http_field *field = field_find(request->fields, request->field_count, bind_slice(L, 2));
  if (!field) return 0;
  bind_push_slice(L, field->value);
  return 1;
}

static void push_named_headers(lua_State *L, const struct http_request *request) {
  lua_newtable(L);
  for (int i = 1; i <= (int)lua_objlen(L, 2); i++) {
    lua_rawgeti(L, 2, i);
    const struct http_field *field = field_find(request->fields, request->field_count, bind_slice(L, -1));
    if (field) {
      bind_push_slice(L, field->value);
      lua_rawset(L, -3);
    } else {
      lua_pop(L, 1);
    }
  }
}

/* headers() -> the request's header fields, the last of each name, by lower-case name; headers(names) -> those of the
 * list that are there */
static int call_headers(lua_State *L) {
  const struct http_request *request = exchange_request(bind_call(L, 1)->exchange);
  if (lua_istable(L, 2)) return push_named_headers(L, request), 1;
  lua_createtable(L, 0, (int)request->field_count);
  for (unsigned i = 0; i < request->field_count; i++) {
    bind_push_lower(L, request->fields[i].name);
    bind_push_slice(L, request->fields[i].value);
    lua_rawset(L, -3);
  }
  return 1;
}

static int call_trace_id(lua_State *L) {
  lua_pushlstring(L, bind_call(L, 1)->trace_id, 32);
  return 1;
}

static int call_key(lua_State *L) {
  const struct key_identity *identity = bind_call(L, 1)->identity;
  if (!identity) return 0;
  bind_push_slice(L, slice_text(identity->id));
  bind_push_slice(L, slice_text(identity->name));
  lua_pushboolean(L, (identity->scopes & KEY_SCOPE_ADMIN) != 0);
  return 3;
}

static int call_body_push(lua_State *L) {
  bind_push_slice(L, call_body(bind_call(L, 1)));
  return 1;
}

/* text() -> the body as it goes out: with its edits */
static int call_text(lua_State *L) {
  const struct call *call = bind_call(L, 1);
  struct slice pieces[JSON_SEGMENTS_MAX] = {call_body(call)};
  unsigned count = call->edits ? json_edits_segments(call->edits, pieces[0], pieces) : 1;
  if (count == 1) return bind_push_slice(L, pieces[0]), 1;
  struct buffer *text = bind_buffer_new(L);
  for (unsigned i = 0; i < count; i++) buffer_append_slice(text, pieces[i]);
  bind_push_slice(L, buffer_slice(text));
  return 1;
}

static bool contains_caseless(struct slice text, struct slice word) {
  for (size_t i = 0; i + word.len <= text.len; i++) {
    if (slice_equal_caseless(slice_make(text.ptr + i, word.len), word)) return true;
  }
  return word.len == 0;
}

enum { SAYS_MAX = 1 << 20 };

/* says(word) -> whether it is in the body, in capitals or not: what a log line then must not repeat. A long body says
 * everything: nobody waits until it has been looked through. */
static int call_says(lua_State *L) {
  struct slice body = call_received(bind_call(L, 1));
  lua_pushboolean(L, body.len > SAYS_MAX || contains_caseless(body, bind_slice(L, 2)));
  return 1;
}

/* translate(text) -> true | nil, message: another body, for the upstream, in the place of the client's; without a text
 * the client's is there again. Edits are forgotten. */
static int call_translate(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct error error;
  lua_pushboolean(L, true);
  if (lua_isnoneornil(L, 2) || lua_isboolean(L, 2)) return call_body_restore(call), 1;
  if (call_body_translate(call, bind_slice(L, 2), &error) == 0) return 1;
  lua_pushnil(L);
  bind_push_slice(L, slice_text(error.message));
  return 2;
}

/* replace(text) -> true | nil, message: another body in the place of the client's, for good */
static int call_replace(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct error error;
  if (call_body_change(call, kept(L, call, 2), &error) < 0) {
    lua_pushnil(L);
    bind_push_slice(L, slice_text(error.message));
    return 2;
  }
  lua_pushboolean(L, true);
  return 1;
}

/* The part of the scripts' memory that a body may be as large as: decoded, rewritten and encoded it is there thrice. */
enum { DECODED_SHARE = 4 };

/* decoded(raw_keys) -> the body, which has been scanned, as a value | nothing when it is too large for scripts */
static int call_decoded(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct slice body = call_body(call);
  lua_settop(L, 2);
  if (!call->indexed || body.len > call->worker->settings.script_memory_bytes / DECODED_SHARE) return 0;
  vm_memory_reserve(vm_of(L), 2 * body.len);
  vm_work_expect(vm_of(L), body.len);
  json_push_value(L, body, lua_istable(L, 2) ? 2 : 0);
  return 1;
}

/* ---- the body's top-level members, and splicing them ---- */

/* The type of a scalar, a number without fraction being an integer. */
static struct slice type_name(const struct json_member *member) {
  static const char *const names[] = {"null", "boolean", "boolean", "number", "string", "array", "object"};
  bool fraction = false;
  for (size_t i = 0; member->type == JSON_NUMBER && i < member->value.len; i++) {
    fraction = fraction || strchr(".eE", member->value.ptr[i]);
  }
  return slice_text(member->type == JSON_NUMBER && !fraction ? "integer" : names[member->type]);
}

/* Pushes a scalar's value; nil for null, arrays, objects and what is absent. */
static void push_scalar(lua_State *L, const struct json_member *member) {
  struct slice plain;
  if (!member) {
    lua_pushnil(L);
  } else if (member->type == JSON_NUMBER) {
    lua_pushnumber(L, json_number_value(member->value));
  } else if (member->type == JSON_TRUE || member->type == JSON_FALSE) {
    lua_pushboolean(L, member->type == JSON_TRUE);
  } else if (member->type == JSON_STRING && json_string_plain(member->value, &plain)) {
    bind_push_slice(L, plain);
  } else if (member->type == JSON_STRING) {
    struct buffer text = {0};
    json_string_decode(member->value, &text);
    bind_push_slice(L, buffer_slice(&text));
    buffer_free(&text);
  } else {
    lua_pushnil(L);
  }
}

/* The request counts as a routed one from here on, whatever becomes of it. */
static void note_request(struct call *call) {
  const struct json_member *stream = json_index_find(&call->index, SLICE_LITERAL("stream"));
  call->notes.counted = route_counts(call->route);
  call->notes.streamed = stream && stream->type == JSON_TRUE;
}

/* scan(checks) -> 0, model, stream | position of the first rule that does not hold | nil, message. Validates and
 * indexes the body. */
static int call_scan(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct error error;
  call->notes.counted = route_counts(call->route);
  if (call_index(call, &error) < 0) {
    lua_pushnil(L);
    bind_push_slice(L, slice_text(error.message));
    return 2;
  }
  note_request(call);
  size_t fault = bind_checks_fault(L, 2, &call->index);
  lua_pushinteger(L, (lua_Integer)fault);
  if (fault > 0) return 1;
  push_scalar(L, json_index_find(&call->index, SLICE_LITERAL("model")));
  lua_pushboolean(L, call->notes.streamed);
  return 3;
}

static const struct json_member *member_named(lua_State *L, struct call *call) {
  return call->indexed ? json_index_find(&call->index, bind_slice(L, 2)) : NULL;
}

/* get(name) -> scalar value, type | nothing when absent */
static int call_get(lua_State *L) {
  const struct json_member *member = member_named(L, bind_call(L, 1));
  if (!member) return 0;
  push_scalar(L, member);
  bind_push_slice(L, type_name(member));
  return 2;
}

/* raw(name, most) -> the member's own bytes | nothing, also when there are more than `most` of them */
static int call_raw(lua_State *L) {
  const struct json_member *member = member_named(L, bind_call(L, 1));
  if (!member || member->value.len > (size_t)luaL_optnumber(L, 3, 0x1p40)) return 0;
  bind_push_slice(L, member->value);
  return 1;
}

/* Only a call whose body changes has edits. */
static struct json_edits *edits_of(struct call *call) {
  if (!call->edits) call->edits = arena_alloc(exchange_arena(call->exchange), sizeof *call->edits);
  return call->edits;
}

static int edited(lua_State *L, int status) {
  if (status < 0) return luaL_error(L, "too many edits of one body");
  return 0;
}

/* set(name, raw): replaces or adds a member */
static int call_set(lua_State *L) {
  struct call *call = bind_call(L, 1);
  const struct json_member *member = member_named(L, call);
  if (member) return edited(L, json_edit_replace(edits_of(call), call->index.text, member, kept(L, call, 3)));
  struct buffer text = {0};
  json_string_encode(&text, bind_slice(L, 2));
  buffer_append(&text, ":", 1);
  buffer_append_slice(&text, bind_slice(L, 3));
  struct slice raw = arena_copy(exchange_arena(call->exchange), buffer_slice(&text));
  buffer_free(&text);
  return edited(L, json_edit_append(edits_of(call), &call->index, raw));
}

static int call_rename(lua_State *L) {
  struct call *call = bind_call(L, 1);
  const struct json_member *member = member_named(L, call);
  return member ? edited(L, json_edit_rename(edits_of(call), call->index.text, member, kept(L, call, 3))) : 0;
}

static int call_remove(lua_State *L) {
  struct call *call = bind_call(L, 1);
  const struct json_member *member = member_named(L, call);
  return member ? edited(L, json_edit_remove(edits_of(call), &call->index, member)) : 0;
}

/* reset(): forgets all edits */
static int call_reset(lua_State *L) {
  struct call *call = bind_call(L, 1);
  if (call->edits) call->edits->count = 0;
  return 0;
}

/* look_through(): all of the body is about to be looked at, which takes time and memory as long as it is */
static int call_look_through(lua_State *L) {
  size_t len = call_body(bind_call(L, 1)).len;
  vm_memory_reserve(vm_of(L), 2 * len);
  vm_work_expect(vm_of(L), len);
  return 0;
}

/* deadline(milliseconds): bounds the request, or a stream until it begins; nil = none */
static int call_set_deadline(lua_State *L) {
  struct call *call = bind_call(L, 1);
  call_deadline(call, (uint64_t)luaL_optnumber(L, 2, 0));
  return 0;
}

const luaL_Reg bind_call_request[] = {
    {"endpoint", call_endpoint},
    {"method", call_method},
    {"path", call_path},
    {"query", call_query},
    {"header", call_header},
    {"headers", call_headers},
    {"trace_id", call_trace_id},
    {"key", call_key},
    {"body", call_body_push},
    {"text", call_text},
    {"translate", call_translate},
    {"replace", call_replace},
    {"decoded", call_decoded},
    {"scan", call_scan},

    {"get", call_get},
    {"raw", call_raw},
    {"set", call_set},
    {"rename", call_rename},
    {"remove", call_remove},
    {"reset", call_reset},

    {"when_cut", bind_when_cut},

    {"says", call_says},
    {"look_through", call_look_through},
    {"deadline", call_set_deadline},
    {NULL, NULL},
};
