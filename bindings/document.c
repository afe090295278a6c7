// SPDX-License-Identifier: Apache-2.0
#include "bindings/document.h"

#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/json.h"

/* gateway.document (hallway): a JSON document as bytes with edits, never decoded and printed as a whole.
 *   new(text [, { lenient =, call = }]) -> document | nil, message
 *       lenient: strings may be cut inside a character; call: the document is over when the call is
 *   of_call(call) -> document | nil, message       the request's body, borrowed; over when the call is
 *   apply(document, call) -> true | nil, message   the changed text becomes the request's body; without a change
 *                                                  nothing is copied. Call it before the dialect's own edits.
 *   walker(rules) -> walker                        see document_walker.c
 *   join(carry, text) -> text, carry               puts characters together that two stream events share
 * Methods of a document (scripts see them as ctx.body):
 *   get(path) -> value | nil       raw(path) -> JSON text | nil       decode() -> value       text() -> JSON text
 *   set(path, value)               nil removes; a missing last step is created; raises with the reason
 *   changed() -> boolean           replaced() -> whether one of its texts was, through its part
 *   texts(walker) -> iterator of parts: text, role, kind, path, replace(text)       see document_texts.c
 *   find(walker, set) -> part, from, to, index | nothing: the first text with a match of a gateway.match set
 *   numbers(walker) -> whether a number stands at one of the walker's places */

void bind_document_door(lua_State *L);

static const char document_type[] = DOCUMENT_TYPE;

struct document *bind_document(lua_State *L, int index) {
  struct document *document = lua_touserdata(L, index);
  bool known = document && lua_type(L, index) == LUA_TUSERDATA && lua_objlen(L, index) == sizeof *document &&
               document->type == document_type;
  if (!known) luaL_typerror(L, index, DOCUMENT_TYPE);
  if (document->over) luaL_error(L, "document is over");
  return document;
}

static void document_cut(struct call_tie *tie) {
  struct document *document = LIST_OWNER(tie, struct document, tie);
  document->over = true;
  json_document_free(&document->json);
}

static int document_collect(lua_State *L) {
  struct document *document = lua_touserdata(L, 1);
  list_remove(&document->tie.link);
  json_document_free(&document->json);
  return 0;
}

/* The new document on top, with an environment that holds it and the value at `text_index` (0: none). */
static struct document *document_new(lua_State *L, struct slice text, int text_index) {
  struct document *document = lua_newuserdata(L, sizeof *document);
  *document = (struct document){.type = document_type};
  list_init(&document->tie.link);
  json_document_start(&document->json, text);
  luaL_getmetatable(L, DOCUMENT_TYPE);
  lua_setmetatable(L, -2);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, 1);
  if (text_index > 0) {
    lua_pushvalue(L, text_index);
    lua_rawseti(L, -2, 2);
  }
  lua_setfenv(L, -2);
  return document;
}

static int refuse(lua_State *L, const char *message) {
  lua_pushnil(L);
  bind_push_slice(L, slice_text(message));
  return 2;
}

/* Pushes options[name]. */
static void option_push(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  if (lua_istable(L, 2)) {
    lua_rawget(L, 2);
  } else {
    lua_pushnil(L);
    lua_replace(L, -2);
  }
}

static int document_open(lua_State *L) {
  struct slice text = bind_slice(L, 1);
  lua_settop(L, 2);
  option_push(L, "lenient");
  option_push(L, "call");
  struct json_fault fault;
  const struct json_limits *limits = lua_toboolean(L, 3) ? &json_limits_lenient : &json_limits_default;
  if (json_validate(text, limits, &fault) < 0) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s at byte %f", fault.reason, (lua_Number)fault.offset + 1);
    return 2;
  }
  struct call *call = lua_isnil(L, 4) ? NULL : bind_call(L, 4);
  struct document *document = document_new(L, text, 1);
  if (call) call_tie(call, &document->tie, document_cut);
  return 1;
}

static int document_of_call(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct error error;
  if (call_index(call, &error) < 0) return refuse(L, error.message);
  struct document *document = document_new(L, call_body_own(call), 0);
  document->call = call;
  call_tie(call, &document->tie, document_cut);
  return 1;
}

/* The document's text in the call's arena. */
static struct slice text_kept(struct document *document, struct call *call) {
  json_document_settle(&document->json);
  struct slice text = document->json.text;
  char *kept = arena_alloc(exchange_arena(call->exchange), text.len + 1);
  memcpy(kept, text.ptr, text.len);
  return slice_make(kept, text.len);
}

static int document_apply(lua_State *L) {
  struct document *document = bind_document(L, 1);
  struct call *call = bind_call(L, 2);
  struct error error;
  lua_pushboolean(L, true);
  if (!document->json.changed) return 1;
  struct slice text = text_kept(document, call);
  if (call_body_change(call, text, &error) < 0) return refuse(L, error.message);
  if (document->call == call) json_document_rebase(&document->json, text);
  return 1;
}

void bind_document_door(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", document_open},       {"of_call", document_of_call},
                                       {"apply", document_apply},    {"walker", bind_document_walker},
                                       {"join", bind_document_join}, {NULL, NULL}};
  static const luaL_Reg collect[] = {{"__gc", document_collect}, {NULL, NULL}};
  luaL_Reg methods[16] = {0};
  unsigned count = 0;
  for (const luaL_Reg *method = bind_document_values; method->name; method++) methods[count++] = *method;
  methods[count] = collect[0];
  bind_box_type(L, DOCUMENT_TYPE, methods);
  bind_document_texts(L);
  bind_door_private(L, "document", functions);
}
