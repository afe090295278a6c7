// SPDX-License-Identifier: Apache-2.0
#include "codec/splitter.h"

#include "bindings/bind.h"

/* gateway.sse, gateway.ndjson, gateway.eventstream: events cut out of bytes, for specs and scripts that hold a stream
 * themselves.
 *   new([limit]) -> splitter
 *   splitter:feed(bytes) -> array of { name =, data = } | nil, "too large" or "corrupt", for good; the message stands
 *     beside the events when some came before it
 *   splitter:at_boundary() -> whether no unfinished event is held */

#define SPLITTER_TYPE "gateway.splitter"
enum { EVENT_LIMIT = 8 * 1024 * 1024 };

void bind_splitter(lua_State *L);

static int splitter_new(lua_State *L, enum framing framing) {
  lua_Integer limit = luaL_optinteger(L, 1, EVENT_LIMIT);
  luaL_argcheck(L, limit > 0, 1, "must be positive");
  struct splitter *splitter = lua_newuserdata(L, sizeof *splitter);
  splitter_init(splitter, framing, (size_t)limit);
  luaL_getmetatable(L, SPLITTER_TYPE);
  lua_setmetatable(L, -2);
  lua_newtable(L);
  lua_setfenv(L, -2);
  return 1;
}

static int sse_new(lua_State *L) {
  return splitter_new(L, FRAMING_SSE);
}

static int ndjson_new(lua_State *L) {
  return splitter_new(L, FRAMING_NDJSON);
}

static int eventstream_new(lua_State *L) {
  return splitter_new(L, FRAMING_EVENTSTREAM);
}

static struct splitter *splitter_check(lua_State *L) {
  return luaL_checkudata(L, 1, SPLITTER_TYPE);
}

static int splitter_collect(lua_State *L) {
  splitter_free(splitter_check(L));
  return 0;
}

static void push_event(lua_State *L, const struct splitter_event *event) {
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

static int feed(lua_State *L) {
  struct splitter *splitter = splitter_check(L);
  struct splitter_event event;
  enum splitter_result result;
  int count = 0;
  lua_settop(L, 2);
  anchor(L);
  splitter_feed(splitter, bind_slice(L, 2));
  lua_newtable(L);
  while ((result = splitter_next(splitter, &event)) == SPLITTER_EVENT) {
    push_event(L, &event);
    lua_rawseti(L, -2, ++count);
  }
  if (result == SPLITTER_NEED_MORE) return 1;
  if (count == 0) lua_pushnil(L);
  bind_push_slice(L, slice_text(result == SPLITTER_CORRUPT ? "corrupt" : "too large"));
  return 2;
}

static int at_boundary(lua_State *L) {
  lua_pushboolean(L, splitter_at_boundary(splitter_check(L)));
  return 1;
}

void bind_splitter(lua_State *L) {
  static const luaL_Reg methods[] = {{"feed", feed}, {"at_boundary", at_boundary}, {"__gc", splitter_collect}, {0}};
  static const luaL_Reg sse[] = {{"new", sse_new}, {0}};
  static const luaL_Reg ndjson[] = {{"new", ndjson_new}, {0}};
  static const luaL_Reg eventstream[] = {{"new", eventstream_new}, {0}};
  bind_box_type(L, SPLITTER_TYPE, methods);
  bind_door(L, "sse", sse);
  bind_door(L, "ndjson", ndjson);
  bind_door(L, "eventstream", eventstream);
}
