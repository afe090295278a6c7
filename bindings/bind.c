// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"

#include <string.h>

#include "script/module.h"
#include "script/sandbox.h"
#include "script/vm.h"

struct slice bind_slice(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) luaL_typerror(L, index, "string");
  struct slice bytes;
  bytes.ptr = lua_tolstring(L, index, &bytes.len);
  return bytes;
}

void bind_push_slice(lua_State *L, struct slice bytes) {
  if (bytes.len >= SANDBOX_BIG_STRING) vm_memory_reserve(vm_of(L), bytes.len);
  lua_pushlstring(L, bytes.len > 0 ? bytes.ptr : "", bytes.len);
}

void bind_push_lower(lua_State *L, struct slice name) {
  char text[256];
  size_t len = name.len < sizeof text ? name.len : sizeof text;
  for (size_t i = 0; i < len; i++) {
    char c = name.ptr[i];
    text[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  lua_pushlstring(L, text, len);
}

static int buffer_collect(lua_State *L) {
  buffer_free(lua_touserdata(L, 1));
  return 0;
}

struct buffer *bind_buffer_new(lua_State *L) {
  struct buffer *buffer = lua_newuserdata(L, sizeof *buffer);
  *buffer = (struct buffer){0};
  if (luaL_newmetatable(L, "gateway.buffer")) {
    lua_pushcfunction(L, buffer_collect);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return buffer;
}

/* ---- boxes ---- */

struct box {
  void *object;
  const char *type; /* names the metatable; mostly the very pointer that bind_box is asked with */
};

void **bind_box_new(lua_State *L, const char *type, void *object) {
  struct box *box = lua_newuserdata(L, sizeof *box);
  *box = (struct box){object, type};
  luaL_getmetatable(L, type);
  lua_setmetatable(L, -2);
  return &box->object;
}

void *bind_box(lua_State *L, int index, const char *type) {
  struct box *box = lua_touserdata(L, index);
  bool known = box && lua_type(L, index) == LUA_TUSERDATA && lua_objlen(L, index) == sizeof *box && box->type == type;
  if (!known) box = luaL_checkudata(L, index, type);
  if (!box->object) luaL_error(L, "%s is over", type);
  return box->object;
}

static bool is_metamethod(const char *name) {
  return name[0] == '_' && name[1] == '_';
}

void bind_box_type(lua_State *L, const char *type, const luaL_Reg *methods) {
  luaL_newmetatable(L, type);
  lua_newtable(L);
  for (; methods->name; methods++) {
    lua_pushcfunction(L, methods->func);
    lua_setfield(L, is_metamethod(methods->name) ? -3 : -2, methods->name);
  }
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

/* ---- doors ---- */

static void open_door(lua_State *L, const char *name, const luaL_Reg *functions, bool hallway_only) {
  luaL_setfuncs(L, functions, 0);
  module_door(L, name, hallway_only);
}

void bind_door(lua_State *L, const char *name, const luaL_Reg *functions) {
  lua_newtable(L);
  open_door(L, name, functions, false);
}

void bind_door_private(lua_State *L, const char *name, const luaL_Reg *functions) {
  lua_newtable(L);
  open_door(L, name, functions, true);
}

void bind_door_values(lua_State *L, const char *name, const luaL_Reg *functions) {
  open_door(L, name, functions, false);
}
