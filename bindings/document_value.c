// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/document.h"
#include "bindings/json.h"
#include "codec/utf8.h"
#include "script/sandbox.h"
#include "script/vm.h"

/* What scripts do with one place of a document, or with all of it. */

static void path_read(lua_State *L, struct json_path *path) {
  struct slice text = bind_slice(L, 2);
  const char *fault = json_path_parse(path, text);
  if (fault) luaL_error(L, "'%s' is %s", text.ptr, fault);
}

/* The raw value at the path argument, or a null slice. */
static struct slice raw_at(lua_State *L) {
  struct document *document = bind_document(L, 1);
  struct json_path path __attribute__((uninitialized));
  path_read(L, &path);
  return json_document_raw(&document->json, &path, &json_scratch(L)->out);
}

/* get(path) -> value | nil */
static int document_get(lua_State *L) {
  struct slice raw = raw_at(L);
  if (!raw.ptr) return 0;
  if (raw.len >= SANDBOX_BIG_STRING) vm_memory_reserve(vm_of(L), 2 * raw.len);
  json_push_value(L, raw, 0);
  json_scratch_trim(json_scratch(L));
  return 1;
}

/* raw(path) -> JSON text | nil */
static int document_raw(lua_State *L) {
  struct slice raw = raw_at(L);
  if (!raw.ptr) return 0;
  bind_push_slice(L, raw);
  json_scratch_trim(json_scratch(L));
  return 1;
}

/* Writes the value at index 3 into the scratch: null, or why not. */
static const char *value_write(lua_State *L, struct json_scratch *scratch) {
  lua_settop(L, 3);
  if (lua_type(L, 3) != LUA_TSTRING) return json_encode_value(L, scratch);
  buffer_clear(&scratch->out);
  json_string_encode(&scratch->out, bind_slice(L, 3));
  return NULL;
}

/* set(path, value) */
static int document_set(lua_State *L) {
  struct document *document = bind_document(L, 1);
  struct json_path path __attribute__((uninitialized));
  path_read(L, &path);
  luaL_checkany(L, 3);
  struct json_scratch *scratch = json_scratch(L);
  const char *fault;
  if (lua_isnil(L, 3)) {
    fault = json_document_remove(&document->json, &path);
  } else {
    fault = value_write(L, scratch);
    if (!fault) fault = json_document_set(&document->json, &path, buffer_slice(&scratch->out));
  }
  json_scratch_trim(scratch);
  return fault ? luaL_error(L, "cannot set %s: %s", lua_tostring(L, 2), fault) : 0;
}

static struct slice whole(lua_State *L) {
  struct document *document = bind_document(L, 1);
  json_document_settle(&document->json);
  return document->json.text;
}

/* decode() -> the whole document as a value */
static int document_decode(lua_State *L) {
  struct slice text = whole(L);
  vm_memory_reserve(vm_of(L), 2 * text.len);
  json_push_value(L, text, 0);
  return 1;
}

/* text() -> the whole document as JSON text */
static int document_text(lua_State *L) {
  bind_push_slice(L, whole(L));
  return 1;
}

/* changed() -> whether anything was set or replaced */
static int document_changed(lua_State *L) {
  lua_pushboolean(L, bind_document(L, 1)->json.changed);
  return 1;
}

/* replaced() -> whether a text was, through its part */
static int document_replaced(lua_State *L) {
  lua_pushboolean(L, bind_document(L, 1)->replaced);
  return 1;
}

const luaL_Reg bind_document_values[] = {{"get", document_get},           {"raw", document_raw},
                                         {"set", document_set},           {"decode", document_decode},
                                         {"text", document_text},         {"changed", document_changed},
                                         {"replaced", document_replaced}, {NULL, NULL}};
