// SPDX-License-Identifier: Apache-2.0
#include "script/sort.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "script/sandbox.h"

enum { TABLE = 1, COMPARISON = 2, SPARE = 3, OTHER_SPARE = 4 };

static int compare_values(lua_State *L) {
  lua_pushboolean(L, lua_lessthan(L, 1, 2));
  return 1;
}

/* Whether the value on top belongs before the one below it; both stay. */
static bool top_first(lua_State *L) {
  int type = lua_type(L, -1);
  if (lua_isnil(L, COMPARISON) && type == lua_type(L, -2) && (type == LUA_TNUMBER || type == LUA_TSTRING)) {
    sandbox_check_budget(L);
    return lua_lessthan(L, -1, -2);
  }
  if (lua_isnil(L, COMPARISON)) {
    lua_pushcfunction(L, compare_values); /* may run a metamethod */
  } else {
    lua_pushvalue(L, COMPARISON);
  }
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -4);
  sandbox_callback(L, 2, 1);
  bool first = lua_toboolean(L, -1);
  lua_pop(L, 1);
  sandbox_check_budget(L);
  return first;
}

/* Merges the sorted runs [left, right) and [right, end) of the table at `from` into the one at `to`. */
static void merge(lua_State *L, int from, int to, int left, int right, int end) {
  int a = left, b = right;
  for (int out = left; out < end; out++) {
    bool take_b = a >= right;
    if (a < right && b < end) {
      lua_rawgeti(L, from, a);
      lua_rawgeti(L, from, b);
      take_b = top_first(L);
      if (!take_b) lua_pop(L, 1);
    } else {
      lua_rawgeti(L, from, take_b ? b : a);
    }
    lua_rawseti(L, to, out);
    if (take_b) {
      b++;
    } else {
      a++;
    }
    lua_settop(L, OTHER_SPARE);
  }
}

static int least(int a, int b) {
  return a < b ? a : b;
}

/* Works beside the table, so that an error leaves it as it was. */
void sort_table(lua_State *L, int len) {
  lua_settop(L, COMPARISON);
  lua_createtable(L, len, 0);
  lua_createtable(L, len, 0);
  int from = TABLE, to = SPARE;
  for (int width = 1; width < len; width *= 2) {
    for (int left = 1; left <= len; left += 2 * width) {
      merge(L, from, to, left, least(left + width, len + 1), least(left + 2 * width, len + 1));
    }
    from = to;
    to = from == SPARE ? OTHER_SPARE : SPARE;
  }
  for (int i = 1; from != TABLE && i <= len; i++) {
    lua_rawgeti(L, from, i);
    lua_rawseti(L, TABLE, i);
  }
}
