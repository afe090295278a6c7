// SPDX-License-Identifier: Apache-2.0
#include "base/draw.h"

#include <math.h>
#include <stdbool.h>

#include "bindings/bind.h"

/* gateway.draw: one of many, as weights say. Positions count from 1.
 *   new(names, weights) -> draw           whoever has a weight of 0 is never drawn
 *   draw:chance(unit) -> position | nothing     for a number of [0, 1)
 *   draw:ranked(text[, most]) -> positions ...  the best for this text first, 1 by default, at most 8: always the same;
 *                                               when one is gone, its texts alone move
 *   hash(text) -> a number of [0, 1) that is the same in every process and after every start
 *   least(numbers, most[, from[, loads]]) -> unknown, positions ...   the smallest numbers first, at most 8; equal ones
 *       in the order from position `from` round; with loads each counts its own and once more: number * (1 + load).
 *       What is below 0 is unknown: the first one's position from there, or nil */

void bind_draw(lua_State *L);

#define DRAW_TYPE "gateway.draw"

static struct draw *draw_check(lua_State *L) {
  return bind_box(L, 1, DRAW_TYPE);
}

static double weight_at(lua_State *L, int i) {
  lua_rawgeti(L, 2, i);
  double weight = luaL_checknumber(L, -1);
  luaL_argcheck(L, isfinite(weight) && weight >= 0, 2, "weights are numbers from 0 on");
  lua_pop(L, 1);
  return weight;
}

static int draw_make(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  int count = (int)lua_objlen(L, 1);
  void **box = bind_box_new(L, DRAW_TYPE, NULL);
  *box = draw_new((size_t)count);
  for (int i = 1; i <= count; i++) {
    double weight = weight_at(L, i);
    lua_rawgeti(L, 1, i);
    draw_add(*box, bind_slice(L, -1), weight);
    lua_pop(L, 1);
  }
  return 1;
}

static int draw_collect(lua_State *L) {
  draw_free(*(struct draw **)lua_touserdata(L, 1));
  return 0;
}

static int draw_by_chance(lua_State *L) {
  long index = draw_chance(draw_check(L), luaL_checknumber(L, 2));
  if (index == DRAW_NONE) return 0;
  lua_pushinteger(L, index + 1);
  return 1;
}

static size_t most_at(lua_State *L, int index) {
  lua_Integer most = luaL_optinteger(L, index, 1);
  luaL_argcheck(L, most >= 1 && most <= DRAW_RANKED_MAX, index, "from 1 to 8");
  return (size_t)most;
}

static int push_positions(lua_State *L, const long *best, size_t count) {
  for (size_t i = 0; i < count; i++) lua_pushinteger(L, best[i] + 1);
  return (int)count;
}

static int draw_by_key(lua_State *L) {
  long best[DRAW_RANKED_MAX];
  size_t count = draw_ranked(draw_check(L), draw_hash(bind_slice(L, 2)), best, most_at(L, 3));
  return push_positions(L, best, count);
}

static int hash(lua_State *L) {
  lua_pushnumber(L, draw_unit(draw_hash(bind_slice(L, 1))));
  return 1;
}

/* ---- the smallest ---- */

static double number_at(lua_State *L, int list, long index) {
  lua_rawgeti(L, list, (int)index + 1);
  double number = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return number;
}

/* Below 0: unknown. */
static double score_at(lua_State *L, bool loaded, long index) {
  double number = number_at(L, 1, index);
  double load = loaded ? number_at(L, 4, index) : 0;
  return load > 0 ? number * (1 + load) : number;
}

static int least(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  long best[DRAW_RANKED_MAX], unknown = DRAW_NONE, count = (long)lua_objlen(L, 1);
  size_t most = most_at(L, 2), found = 0;
  long at = (long)luaL_optinteger(L, 3, 1) - 1;
  luaL_argcheck(L, count == 0 || (at >= 0 && at < count), 3, "a position in the list");
  double values[DRAW_RANKED_MAX];
  bool loaded = lua_istable(L, 4);
  for (long i = 0; i < count; i++, at = at + 1 < count ? at + 1 : 0) {
    double value = score_at(L, loaded, at);
    if (value >= 0) {
      found = draw_best(values, best, found, most, -value, at);
    } else if (unknown == DRAW_NONE) {
      unknown = at;
    }
  }
  if (unknown == DRAW_NONE) {
    lua_pushnil(L);
  } else {
    lua_pushinteger(L, unknown + 1);
  }
  return 1 + push_positions(L, best, found);
}

void bind_draw(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", draw_make}, {"hash", hash}, {"least", least}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"chance", draw_by_chance}, {"ranked", draw_by_key}, {"__gc", draw_collect}, {NULL, NULL}};
  bind_box_type(L, DRAW_TYPE, methods);
  bind_door(L, "draw", functions);
}
