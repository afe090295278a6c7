// SPDX-License-Identifier: Apache-2.0
#include "script/view.h"

#include <lauxlib.h>
#include <stdbool.h>

enum { VIEW_DEPTH = 16 };

static int refuse_write(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) return luaL_error(L, "write to '%s' of a read-only table", lua_tostring(L, 2));
  return luaL_error(L, "write to a read-only table");
}

static bool is_view(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  lua_pushliteral(L, "__newindex");
  lua_rawget(L, -2);
  bool view = lua_tocfunction(L, -1) == refuse_write;
  lua_pop(L, 2);
  return view;
}

/* A table with a metatable is a view already, or a value that guards itself. */
static bool is_plain_table(lua_State *L, int index) {
  if (!lua_istable(L, index)) return false;
  if (!lua_getmetatable(L, index)) return true;
  lua_pop(L, 1);
  return false;
}

static void freeze(lua_State *L, unsigned depth);

/* Pushes a copy of the table on top. */
static void copy(lua_State *L, unsigned depth) {
  int source = lua_gettop(L);
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, source);) {
    if (is_plain_table(L, -1)) freeze(L, depth + 1);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, source + 1);
  }
}

/* Recursion is bounded by VIEW_DEPTH, and only our own modules come here. */
static void freeze(lua_State *L, unsigned depth) {
  if (depth == VIEW_DEPTH) luaL_error(L, "table too deep for a read-only view");
  luaL_checkstack(L, 8, "read-only view");
  lua_newtable(L); /* the view */
  lua_insert(L, -2);
  lua_createtable(L, 0, 3); /* its metatable */
  lua_insert(L, -2);
  copy(L, depth);
  lua_remove(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

void view_freeze(lua_State *L) {
  if (is_view(L, -1)) return;
  freeze(L, 0);
}

void view_check_table(lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  if (is_view(L, index)) luaL_error(L, "write to a read-only table");
}
