// SPDX-License-Identifier: Apache-2.0
#include <lauxlib.h>
#include <math.h>

#include "bindings/json.h"

enum { DEPTH_MAX = 64 };
static const double integer_max = 9007199254740992.0; /* 2^53 */

static bool equal(lua_State *L, unsigned depth);

/* The double of a number or of a preserved one. */
static bool number_value(lua_State *L, int index, double *value) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    *value = lua_tonumber(L, index);
    return true;
  }
  struct slice text = json_number_text(L, index);
  if (text.ptr) *value = json_number_value(text);
  return text.ptr != NULL;
}

/* 1 and 1.0 are one number; integers that a double cannot tell apart are not, unless their text is the same. */
static bool numbers_equal(lua_State *L) {
  double a, b;
  if (!number_value(L, -2, &a) || !number_value(L, -1, &b)) return false;
  struct slice a_text = json_number_text(L, -2), b_text = json_number_text(L, -1);
  if (a_text.ptr && b_text.ptr && slice_equal(a_text, b_text)) return true;
  if (!a_text.ptr && !b_text.ptr) return a == b;
  return a == b && fabs(a) < integer_max;
}

static size_t count_of(lua_State *L, int index) {
  size_t count = 0;
  lua_pushvalue(L, index);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) count++;
  lua_pop(L, 1);
  return count;
}

static bool tables_equal(lua_State *L, unsigned depth) {
  int a = lua_gettop(L) - 1, b = a + 1;
  if (json_is_array(L, a) != json_is_array(L, b) || count_of(L, a) != count_of(L, b)) return false;
  for (lua_pushnil(L); lua_next(L, a);) {
    lua_pushvalue(L, -2);
    lua_rawget(L, b);
    bool same = equal(L, depth + 1);
    lua_pop(L, 2);
    if (same) continue;
    lua_pop(L, 1);
    return false;
  }
  return true;
}

/* Pushes what the value at `index` means: a raw value decoded, a view's table. */
static void meaning_push(lua_State *L, int index) {
  struct slice text = json_raw_text(L, index, NULL);
  if (text.ptr) {
    json_push_value(L, text, 0);
  } else {
    lua_pushvalue(L, index);
    json_view_through(L);
  }
}

static bool meanings_equal(lua_State *L, unsigned depth) {
  if (lua_istable(L, -1) && lua_istable(L, -2)) return tables_equal(L, depth);
  return lua_rawequal(L, -2, -1) || numbers_equal(L);
}

/* Compares the two values on top and leaves them. Recursion is bounded by DEPTH_MAX: what is nested deeper, or contains
 * itself, is no JSON and equal to nothing. */
static bool equal(lua_State *L, unsigned depth) {
  if (depth > DEPTH_MAX) return false;
  luaL_checkstack(L, 16, "JSON");
  int top = lua_gettop(L);
  meaning_push(L, top - 1);
  meaning_push(L, top);
  bool same = meanings_equal(L, depth);
  lua_settop(L, top);
  return same;
}

bool json_values_equal(lua_State *L, int a, int b) {
  lua_pushvalue(L, a);
  lua_pushvalue(L, b);
  bool same = equal(L, 0);
  lua_pop(L, 2);
  return same;
}
