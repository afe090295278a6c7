// SPDX-License-Identifier: Apache-2.0
#include "script/tables.h"

#include <lauxlib.h>
#include <limits.h>

#include "script/sandbox.h"
#include "script/sort.h"
#include "script/view.h"
#include "script/vm.h"

enum { MOVES_PER_CHECK = 4096 };

static int check_len(lua_State *L) {
  view_check_table(L, 1);
  size_t len = lua_objlen(L, 1);
  return len > INT_MAX ? luaL_error(L, "table too big") : (int)len;
}

/* Moves the elements from..to (in the direction of `step`) by one place against it. */
static void move(lua_State *L, int from, int to, int step) {
  int since_check = 0;
  for (int i = from; i != to + step; i += step) {
    lua_rawgeti(L, 1, i);
    lua_rawseti(L, 1, i - step);
    if (++since_check < MOVES_PER_CHECK) continue;
    since_check = 0;
    sandbox_check_budget(L);
  }
}

static int tables_insert(lua_State *L) {
  int len = check_len(L);
  int top = lua_gettop(L);
  if (top == 2) {
    lua_rawseti(L, 1, len + 1);
    return 0;
  }
  if (top != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
  int place = (int)luaL_checkinteger(L, 2);
  luaL_argcheck(L, place >= 1, 2, "position out of bounds");
  if (place <= len) move(L, len, place, -1);
  lua_rawseti(L, 1, place);
  return 0;
}

static int tables_remove(lua_State *L) {
  int len = check_len(L);
  int place = (int)luaL_optinteger(L, 2, len);
  if (place < 1 || place > len) return 0;
  lua_rawgeti(L, 1, place);
  if (place < len) move(L, place + 1, len, 1);
  lua_pushnil(L);
  lua_rawseti(L, 1, len);
  return 1;
}

/* The length of the joined text, as far as it can be told; raises when it is above the limit. */
static size_t check_joined_length(lua_State *L, int from, int to, size_t separator) {
  size_t total = 0;
  for (int i = from; i <= to; i++) {
    lua_rawgeti(L, 1, i);
    if (!lua_isstring(L, -1)) break; /* the stock function says what is wrong with it */
    total += separator + (lua_type(L, -1) == LUA_TSTRING ? lua_objlen(L, -1) : 0);
    lua_pop(L, 1);
    if (total > SANDBOX_STRING_LIMIT) luaL_error(L, "string result too long");
    if (i == INT_MAX) break;
    if ((i - from) % MOVES_PER_CHECK == 0) sandbox_check_budget(L);
  }
  return total;
}

/* Upvalue 1: the stock concat. */
static int tables_concat(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t separator = 0;
  if (!lua_isnoneornil(L, 2)) luaL_checklstring(L, 2, &separator);
  int from = (int)luaL_optinteger(L, 3, 1);
  int to = lua_isnoneornil(L, 4) ? check_len(L) : (int)luaL_checkinteger(L, 4);
  lua_settop(L, 2);
  size_t len = check_joined_length(L, from, to, separator);
  if (len >= SANDBOX_BIG_STRING) vm_memory_reserve(vm_of(L), 2 * len);
  lua_settop(L, 2);
  lua_pushinteger(L, from);
  lua_pushinteger(L, to);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 4, 1);
  return 1;
}

static int tables_sort(lua_State *L) {
  int len = check_len(L);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  if (len > SANDBOX_SORT_LIMIT) return luaL_error(L, "table too big to sort: at most %d", SANDBOX_SORT_LIMIT);
  lua_settop(L, 2);
  sort_table(L, len);
  return 0;
}

int tables_unpack(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer from = luaL_optinteger(L, 2, 1);
  lua_Integer to = lua_isnoneornil(L, 3) ? (lua_Integer)lua_objlen(L, 1) : luaL_checkinteger(L, 3);
  if (from > to) return 0;
  if (to >= from + SANDBOX_UNPACK_LIMIT || from < INT_MIN || to > INT_MAX) {
    return luaL_error(L, "too many results to unpack: at most %d", SANDBOX_UNPACK_LIMIT);
  }
  luaL_checkstack(L, (int)(to - from) + 1, "too many results to unpack");
  for (lua_Integer i = from; i <= to; i++) lua_rawgeti(L, 1, (int)i);
  return (int)(to - from) + 1;
}

void tables_push(lua_State *L, int stock) {
  static const luaL_Reg functions[] = {
      {"insert", tables_insert}, {"remove", tables_remove}, {"sort", tables_sort}, {NULL, NULL}};
  lua_createtable(L, 0, 8);
  luaL_setfuncs(L, functions, 0);
  lua_getfield(L, stock, "maxn");
  lua_setfield(L, -2, "maxn");
  lua_getfield(L, stock, "concat");
  lua_pushcclosure(L, tables_concat, 1);
  lua_setfield(L, -2, "concat");
}
