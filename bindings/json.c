// SPDX-License-Identifier: Apache-2.0
#include "bindings/json.h"

#include "bindings/bind.h"

/* nil and a sentence: what was expected to go wrong now and then. */
static int refuse(lua_State *L, const char *why) {
  lua_pushnil(L);
  bind_push_slice(L, slice_text(why));
  return 2;
}

static int fault_push(lua_State *L, const struct json_fault *fault) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s at byte %f", fault->reason, (lua_Number)fault->offset + 1);
  return 2;
}

/* The stack index of options.raw, or 0. */
static int raw_keys(lua_State *L) {
  if (lua_isnoneornil(L, 2)) return 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  json_view_through(L);
  lua_pushliteral(L, "raw");
  lua_rawget(L, 2);
  if (lua_isnil(L, 3)) return 0;
  luaL_argcheck(L, lua_istable(L, 3), 2, "'raw' must be a table of keys");
  json_view_through(L);
  return 3;
}

/* decode(text [, {raw = {name = true | "long"}}]) -> value | nil, message */
static int door_decode(lua_State *L) {
  struct slice text = bind_slice(L, 1);
  int kept = raw_keys(L);
  struct json_fault fault;
  if (json_validate(text, &json_limits_default, &fault) < 0) return fault_push(L, &fault);
  json_push_value(L, text, kept);
  return 1;
}

/* encode(value) -> text | nil, message */
static int door_encode(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  struct json_scratch *scratch = json_scratch(L);
  const char *fault = json_encode_value(L, scratch);
  if (fault) {
    json_scratch_trim(scratch);
    return refuse(L, fault);
  }
  bind_push_slice(L, buffer_slice(&scratch->out));
  json_scratch_trim(scratch);
  return 1;
}

/* array([table]) -> the table, marked */
static int door_array(lua_State *L) {
  if (lua_isnone(L, 1)) lua_newtable(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  json_array_mark(L, 1);
  return 1;
}

static int door_is_array(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  json_view_through(L);
  lua_pushboolean(L, json_is_array(L, 1));
  return 1;
}

static int door_is_object(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  json_view_through(L);
  lua_pushboolean(L, lua_istable(L, 1) && !json_is_array(L, 1));
  return 1;
}

/* raw(text) -> raw value | nil, message */
static int door_raw(lua_State *L) {
  struct slice text = bind_slice(L, 1);
  struct json_fault fault;
  if (json_validate(text, &json_limits_default, &fault) < 0) return fault_push(L, &fault);
  struct json_reader reader;
  struct slice whole;
  json_reader_start(&reader, text);
  json_reader_value(&reader, &whole);
  json_push_raw(L, whole, reader.deepest);
  return 1;
}

static int door_is_raw(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, json_raw_text(L, 1, NULL).ptr != NULL);
  return 1;
}

/* text(raw value) -> its JSON */
static int door_text(lua_State *L) {
  struct slice text = json_raw_text(L, 1, NULL);
  luaL_argcheck(L, text.ptr != NULL, 1, "a raw value expected");
  bind_push_slice(L, text);
  return 1;
}

/* number(value) -> the number | nil */
static int door_number(lua_State *L) {
  luaL_checkany(L, 1);
  if (lua_type(L, 1) == LUA_TNUMBER) {
    lua_settop(L, 1);
    return 1;
  }
  struct slice text = json_number_text(L, 1);
  if (text.ptr) {
    lua_pushnumber(L, json_number_value(text));
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* equal(a, b) -> boolean */
static int door_equal(lua_State *L) {
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  lua_pushboolean(L, json_values_equal(L, 1, 2));
  return 1;
}

void bind_json(lua_State *L) {
  static const luaL_Reg functions[] = {{"decode", door_decode},
                                       {"encode", door_encode},
                                       {"array", door_array},
                                       {"is_array", door_is_array},
                                       {"is_object", door_is_object},
                                       {"raw", door_raw},
                                       {"is_raw", door_is_raw},
                                       {"text", door_text},
                                       {"number", door_number},
                                       {"equal", door_equal},
                                       {NULL, NULL}};
  json_values_open(L);
  lua_createtable(L, 0, 1);
  json_push_null(L);
  lua_setfield(L, -2, "null");
  bind_door_values(L, "json", functions);
}
