// SPDX-License-Identifier: Apache-2.0
#include "codec/sse.h"

#include "bindings/bind.h"

/* gateway.sse: server-sent events cut out of bytes, for specs and scripts that hold a stream themselves.
 *   new([limit]) -> splitter
 *   splitter:feed(bytes) -> array of { name =, data = } | nil, "too large" for good
 *   splitter:at_boundary() -> whether no unfinished event is held */

#define SPLITTER_TYPE "gateway.sse"
enum { EVENT_LIMIT = 8 * 1024 * 1024 };

void bind_sse(lua_State *L);

static int splitter_new(lua_State *L) {
  lua_Integer limit = luaL_optinteger(L, 1, EVENT_LIMIT);
  luaL_argcheck(L, limit > 0, 1, "must be positive");
  struct sse *sse = lua_newuserdata(L, sizeof *sse);
  sse_init(sse, (size_t)limit);
  luaL_getmetatable(L, SPLITTER_TYPE);
  lua_setmetatable(L, -2);
  lua_newtable(L);
  lua_setfenv(L, -2);
  return 1;
}

static struct sse *splitter(lua_State *L) {
  return luaL_checkudata(L, 1, SPLITTER_TYPE);
}

static int splitter_collect(lua_State *L) {
  sse_free(splitter(L));
  return 0;
}

static void push_event(lua_State *L, const struct sse_event *event) {
  lua_createtable(L, 0, 2);
  bind_push_slice(L, event->name);
  lua_setfield(L, -2, "name");
  bind_push_slice(L, event->data);
  lua_setfield(L, -2, "data");
}

/* The splitter borrows the bytes it is fed: they stay with it until the next ones come. */
static void anchor(lua_State *L) {
  lua_getfenv(L, 1);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  lua_pop(L, 1);
}

/* Events without data (comments) are nothing to a script. */
static int splitter_feed(lua_State *L) {
  struct sse *sse = splitter(L);
  struct sse_event event;
  enum sse_result result;
  int count = 0;
  lua_settop(L, 2);
  anchor(L);
  sse_feed(sse, bind_slice(L, 2));
  lua_newtable(L);
  while ((result = sse_next(sse, &event)) == SSE_EVENT) {
    if (!event.has_data) continue;
    push_event(L, &event);
    lua_rawseti(L, -2, ++count);
  }
  if (result == SSE_NEED_MORE) return 1;
  lua_pushnil(L);
  lua_pushliteral(L, "too large");
  return 2;
}

static int splitter_at_boundary(lua_State *L) {
  lua_pushboolean(L, sse_at_boundary(splitter(L)));
  return 1;
}

void bind_sse(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"feed", splitter_feed}, {"at_boundary", splitter_at_boundary}, {"__gc", splitter_collect}, {0}};
  static const luaL_Reg functions[] = {{"new", splitter_new}, {0}};
  bind_box_type(L, SPLITTER_TYPE, methods);
  bind_door(L, "sse", functions);
}
