// SPDX-License-Identifier: Apache-2.0
#include "base/draw.h"
#include "bindings/bind.h"
#include "bindings/health.h"

/* Cells that are looked at together, request after request: what strategies go by. Positions count from 1; what may be
 * asked for is that of health.read.
 *   health.pool(cells) -> pool
 *   pool:read(what, out)     fills out[i]; -1: unknown
 *   pool:one(what, position) -> number
 *   pool:least(what, most, from, weighed) -> unknown, positions ...   the smallest first, at most 8; equal ones in the
 *       order from position `from` round; weighed: true: each counts once more for each request in flight at its
 *       target; a list: (1 + figure) times the number there, and below 0 it does not count at all.
 *       unknown: the first position from there of which nothing is known, or nil */

#define POOL_TYPE "gateway.pool"

struct pool {
  long count;
  const struct cell *cells[]; /* the book's, which lives as long as the VM */
};

int bind_health_pool(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  int count = (int)lua_objlen(L, 1);
  struct pool *pool = lua_newuserdata(L, sizeof *pool + (size_t)count * sizeof pool->cells[0]);
  pool->count = 0;
  luaL_getmetatable(L, POOL_TYPE);
  lua_setmetatable(L, -2);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, 1, i);
    pool->cells[pool->count++] = bind_cell(L, -1);
    lua_pop(L, 1);
  }
  return 1;
}

static const struct pool *pool_check(lua_State *L) {
  return luaL_checkudata(L, 1, POOL_TYPE);
}

static int pool_read(lua_State *L) {
  const struct pool *pool = pool_check(L);
  health_figure figure = bind_health_figure(L, 2);
  uint64_t now = bind_health_now(L);
  luaL_checktype(L, 3, LUA_TTABLE);
  for (long i = 0; i < pool->count; i++) {
    lua_pushnumber(L, figure(&pool->cells[i]->place.health, now));
    lua_rawseti(L, 3, (int)i + 1);
  }
  return 0;
}

static long position_at(lua_State *L, const struct pool *pool, int index) {
  lua_Integer position = luaL_checkinteger(L, index);
  luaL_argcheck(L, position >= 1 && position <= pool->count, index, "a position in the pool");
  return (long)position - 1;
}

static int pool_one(lua_State *L) {
  const struct pool *pool = pool_check(L);
  health_figure figure = bind_health_figure(L, 2);
  lua_pushnumber(L, figure(&pool->cells[position_at(L, pool, 3)]->place.health, bind_health_now(L)));
  return 1;
}

/* How a figure is weighed: as it is; with the requests in flight; or by shares, a table at `index`. */
enum weighing { PLAIN, LOADED, SHARED };

static enum weighing weighing_at(lua_State *L, int index) {
  if (lua_istable(L, index)) return SHARED;
  return lua_toboolean(L, index) ? LOADED : PLAIN;
}

static double share_at(lua_State *L, int index, long position) {
  lua_rawgeti(L, index, (int)position + 1);
  double share = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return share;
}

static double weighed(lua_State *L, enum weighing weighing, double value, const struct health_place *place, long at) {
  if (weighing == LOADED) return value * (1 + health_in_flight(place->health, place->target));
  return weighing == SHARED && value >= 0 ? (1 + value) * share_at(L, 5, at) : value;
}

static int push_found(lua_State *L, long unknown, const long *best, size_t found) {
  if (unknown == DRAW_NONE) {
    lua_pushnil(L);
  } else {
    lua_pushinteger(L, unknown + 1);
  }
  for (size_t i = 0; i < found; i++) lua_pushinteger(L, best[i] + 1);
  return 1 + (int)found;
}

static int pool_least(lua_State *L) {
  const struct pool *pool = pool_check(L);
  health_figure figure = bind_health_figure(L, 2);
  size_t most = (size_t)luaL_checkinteger(L, 3), found = 0;
  luaL_argcheck(L, most >= 1 && most <= DRAW_RANKED_MAX, 3, "from 1 to 8");
  long at = position_at(L, pool, 4), best[DRAW_RANKED_MAX], unknown = DRAW_NONE;
  enum weighing weighing = weighing_at(L, 5);
  double scores[DRAW_RANKED_MAX];
  uint64_t now = bind_health_now(L);
  for (long i = 0; i < pool->count; i++, at = at + 1 < pool->count ? at + 1 : 0) {
    const struct health_place *place = &pool->cells[at]->place.health;
    double value = weighed(L, weighing, figure(place, now), place, at);
    if (value >= 0 && draw_beats(scores, found, most, -value)) found = draw_best(scores, best, found, most, -value, at);
    if (value < 0 && unknown == DRAW_NONE) unknown = at;
  }
  return push_found(L, unknown, best, found);
}

void bind_health_pools(lua_State *L) {
  static const luaL_Reg methods[] = {{"read", pool_read}, {"one", pool_one}, {"least", pool_least}, {NULL, NULL}};
  bind_box_type(L, POOL_TYPE, methods);
}
