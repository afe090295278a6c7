// SPDX-License-Identifier: Apache-2.0
#include "bindings/tape.h"

#include <stdlib.h>

#include "base/check.h"
#include "bindings/bind.h"
#include "bindings/call.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "process/call.h"

/* ---- noting ---- */

static void text_write(struct buffer *out, struct slice text) {
  if (utf8_valid(text)) return json_string_encode(out, text);
  size_t len = base64_encoded_size(text.len);
  buffer_append_slice(out, SLICE_LITERAL("{\"base64\":\""));
  buffer_reserve(out, len);
  base64_encode(text, out->data + out->len);
  out->len += len;
  buffer_append_slice(out, SLICE_LITERAL("\"}"));
}

static void value_write(lua_State *L, int index, struct buffer *out) {
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
      if (!json_number_encode(out, lua_tonumber(L, index))) buffer_append(out, "null", 4);
      break;
    case LUA_TBOOLEAN:
      buffer_append_slice(out, lua_toboolean(L, index) ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
      break;
    case LUA_TSTRING:
      text_write(out, bind_slice(L, index));
      break;
    default:
      buffer_append(out, "null", 4);
  }
}

static void note(lua_State *L, struct tape *tape, struct slice name, int count) {
  struct buffer json = {0};
  for (int i = 0; i < count; i++) {
    buffer_append(&json, i ? "," : "[", 1);
    value_write(L, lua_gettop(L) - count + 1 + i, &json);
  }
  buffer_append_slice(&json, count ? SLICE_LITERAL("]") : SLICE_LITERAL("[]"));
  tape_add(tape, name, buffer_slice(&json));
  buffer_free(&json);
}

/* ---- playing ---- */

/* Into the arena, not a buffer: pushing may raise. */
static void push_text(lua_State *L, struct arena *arena, struct slice raw) {
  char *text = arena_alloc(arena, raw.len + 1);
  bind_push_slice(L, slice_make(text, json_string_decode_into(text, raw)));
}

static void push_bytes(lua_State *L, struct arena *arena, struct slice object) {
  struct json_step step = {SLICE_LITERAL("base64"), -1};
  struct slice raw, digits;
  size_t len;
  bool found = json_find(object, &step, 1, &raw) && json_type_of(raw) == JSON_STRING && json_string_plain(raw, &digits);
  unsigned char *bytes = found ? arena_alloc(arena, base64_decoded_max(digits.len)) : NULL;
  if (found && base64_decode(digits, bytes, &len)) {
    bind_push_slice(L, slice_make((const char *)bytes, len));
  } else {
    lua_pushnil(L);
  }
}

static void push_value(lua_State *L, struct arena *arena, struct slice raw) {
  switch (json_type_of(raw)) {
    case JSON_NUMBER:
      return lua_pushnumber(L, json_number_value(raw));
    case JSON_TRUE:
    case JSON_FALSE:
      return lua_pushboolean(L, raw.ptr[0] == 't');
    case JSON_STRING:
      return push_text(L, arena, raw);
    case JSON_OBJECT:
      return push_bytes(L, arena, raw);
    default:
      return lua_pushnil(L);
  }
}

enum { RESULTS_MAX = 16 };

static int play(lua_State *L, struct arena *arena, struct slice json) {
  struct json_reader items;
  struct slice raw;
  int count = 0;
  luaL_checkstack(L, RESULTS_MAX, "too many results");
  json_reader_start(&items, json);
  json_reader_next(&items, &raw);
  while (count < RESULTS_MAX && json_reader_value(&items, &raw)) {
    push_value(L, arena, raw);
    count++;
  }
  return count;
}

/* Upvalues: the function that asks the outside, and the name of its draws. */
static int taped(lua_State *L) {
  lua_CFunction real = lua_tocfunction(L, lua_upvalueindex(1));
  struct call *call = bind_call_running(L);
  struct tape *tape = call ? call_tape(call) : NULL;
  struct slice json;
  if (!tape) return real(L);
  struct slice name = bind_slice(L, lua_upvalueindex(2));
  if (tape->playing && tape_take(tape, name, &json)) return play(L, tape->arena, json);
  int count = real(L);
  if (!tape->playing) note(L, tape, name, count);
  return count;
}

void bind_taped(lua_State *L, const char *door, const luaL_Reg *functions) {
  for (; functions->name; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_pushfstring(L, "%s.%s", door, functions->name);
    lua_pushcclosure(L, taped, 2);
    lua_setfield(L, -2, functions->name);
  }
}
