// SPDX-License-Identifier: Apache-2.0
#include "bindings/match.h"

#include <string.h>

#include "bindings/bind.h"
#include "match/set.h"
#include "script/sandbox.h"
#include "script/vm.h"

/* gateway.match: words and regular expressions, all looked for in one pass in linear time.
 *   literals(words, { caseless = }) -> set
 *   patterns(regexes, { caseless =, multiline =, dotall = }) -> set
 *     both raise, naming the one that is wrong
 *   set:find(text[, init]) -> from, to, index | nil
 *     leftmost, then longest; 1-based, inclusive; what is before `init` is context for \b and ^ only
 *   set:find(text, init, true) -> from, to, index | nil, decided
 *     of a text that goes on: only what no further text can change; the bytes behind `decided` come again with it
 *   set:all(text[, init]) -> array of { from =, to =, index = }, the same at 1, 2, 3
 *     none overlaps another
 *   set:all(text, init, true) -> array, decided
 *   set:replace(text, with) -> text, count
 *     with: a string, or function(matched, index) -> string | nil, which leaves the match
 *   set:pending(text) -> how many bytes at the end may be the beginning of a match
 *   set:reach() -> bytes of the longest possible match | nil
 *   set:stream() -> stream;  stream:feed(text) -> index | nil
 *     the index of the first match that was seen, from then on
 * Patterns are regular expressions as everywhere, without back references and without looking around; of all matches
 * the longest is meant, so that *? is *. Bytes are bytes: caseless means ASCII letters, the dot is one byte. */

#define SET_TYPE "gateway.match.set"
#define STREAM_TYPE "gateway.match.stream"

void bind_match(lua_State *L);

struct match_set *bind_match_set(lua_State *L, int index) {
  return bind_box(L, index, SET_TYPE);
}

/* The box first: when it cannot be made, the share is given back with it. */
void bind_match_push(lua_State *L, struct match_set *set) {
  void **box = bind_box_new(L, SET_TYPE, NULL);
  *box = set;
}

static int literals(lua_State *L) {
  return bind_match_make(L, MATCH_LITERALS);
}

static int patterns(lua_State *L) {
  return bind_match_make(L, MATCH_PATTERNS);
}

static int set_collect(lua_State *L) {
  match_set_close(*(struct match_set **)lua_touserdata(L, 1));
  return 0;
}

/* ---- looking ---- */

static void work_check(lua_State *L, const struct match_set *set) {
  if (match_set_gave_up(set)) luaL_error(L, "the patterns take too long on this text");
}

/* Bytes before the position at `index`, which is 1 when absent. */
static size_t skipped(lua_State *L, int index, struct slice text) {
  lua_Integer init = luaL_optinteger(L, index, 1);
  luaL_argcheck(L, init >= 1, index, "must be at least 1");
  return (size_t)init - 1 < text.len ? (size_t)init - 1 : text.len;
}

static int push_place(lua_State *L, const struct match_found *found) {
  lua_pushinteger(L, (lua_Integer)(found->from + 1));
  lua_pushinteger(L, (lua_Integer)found->to);
  lua_pushinteger(L, (lua_Integer)found->index + 1);
  return 3;
}

static int push_decided(lua_State *L, size_t decided) {
  lua_pushnil(L);
  lua_pushinteger(L, (lua_Integer)decided);
  return 2;
}

static int set_find(lua_State *L) {
  struct match_set *set = bind_match_set(L, 1);
  struct slice text = bind_slice(L, 2);
  size_t before = skipped(L, 3, text), decided;
  struct match_found found;
  bool goes_on = lua_toboolean(L, 4);
  bool any = goes_on ? match_set_find_decided(set, text, before, &found, &decided)
                     : match_set_find_from(set, text, before, &found);
  work_check(L, set);
  if (any) return push_place(L, &found);
  return goes_on ? push_decided(L, decided) : 0;
}

/* The matches as memory of the collector's: the pool's own is gone with the next scan. `decided`: null for a whole
 * text.
 */
static const struct match_found *push_all(lua_State *L, struct slice text, size_t from, size_t *decided,
                                          size_t *count) {
  struct error error;
  const struct match_found *founds;
  struct match_set *set = bind_match_set(L, 1);
  int status = decided ? match_set_decided(set, text, from, &founds, count, decided, &error)
                       : match_set_all(set, text, from, &founds, count, &error);
  if (status < 0) luaL_error(L, "%s", error.message);
  size_t size = *count * sizeof *founds;
  void *copy = lua_newuserdata(L, size + 1);
  if (size > 0) memcpy(copy, founds, size);
  return copy;
}

static void push_number(lua_State *L, size_t value, const char *name, int place) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, name);
  lua_rawseti(L, -2, place);
}

static void push_found(lua_State *L, const struct match_found *found) {
  lua_createtable(L, 3, 3);
  push_number(L, found->from + 1, "from", 1);
  push_number(L, found->to, "to", 2);
  push_number(L, found->index + 1, "index", 3);
}

static int set_all(lua_State *L) {
  struct slice text = bind_slice(L, 2);
  bool goes_on = lua_toboolean(L, 4);
  size_t count, decided = text.len;
  const struct match_found *founds = push_all(L, text, skipped(L, 3, text), goes_on ? &decided : NULL, &count);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_found(L, &founds[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)decided);
  return 2;
}

/* ---- replacing ---- */

static void replacement_size_check(lua_State *L, size_t size) {
  if (size > SANDBOX_STRING_LIMIT) luaL_error(L, "the text becomes longer than %d bytes", SANDBOX_STRING_LIMIT);
}

/* Pushes what takes the place of a match: argument 3, or what it returns; nil leaves the match as it is. */
static void push_replacement(lua_State *L, struct slice matched, unsigned index) {
  lua_pushvalue(L, 3);
  if (lua_isfunction(L, -1)) {
    bind_push_slice(L, matched);
    lua_pushinteger(L, (lua_Integer)index + 1);
    sandbox_callback(L, 2, 1);
  }
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    bind_push_slice(L, matched);
  } else if (lua_type(L, -1) != LUA_TSTRING) {
    luaL_error(L, "a replacement must be a string or nil, got a %s", luaL_typename(L, -1));
  }
}

static int replace(lua_State *L, struct slice text, const struct match_found *founds, size_t count) {
  luaL_Buffer out;
  size_t at = 0, size = text.len;
  luaL_buffinit(L, &out);
  for (size_t i = 0; i < count; i++) {
    struct slice matched = {text.ptr + founds[i].from, founds[i].to - founds[i].from};
    luaL_addlstring(&out, text.ptr + at, founds[i].from - at);
    push_replacement(L, matched, founds[i].index);
    size = size - matched.len + lua_objlen(L, -1);
    replacement_size_check(L, size);
    luaL_addvalue(&out);
    at = founds[i].to;
  }
  luaL_addlstring(&out, text.ptr + at, text.len - at);
  vm_memory_reserve(vm_of(L), size);
  luaL_pushresult(&out);
  lua_pushinteger(L, (lua_Integer)count);
  return 2;
}

static int set_replace(lua_State *L) {
  struct slice text = bind_slice(L, 2);
  size_t count;
  luaL_argcheck(L, lua_type(L, 3) == LUA_TSTRING || lua_isfunction(L, 3), 3, "must be a string or a function");
  lua_settop(L, 3);
  const struct match_found *founds = push_all(L, text, 0, NULL, &count);
  if (count > 0) return replace(L, text, founds, count);
  lua_pushvalue(L, 2);
  lua_pushinteger(L, 0);
  return 2;
}

/* ---- text in pieces ---- */

static int set_pending(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)match_set_pending(bind_match_set(L, 1), bind_slice(L, 2)));
  return 1;
}

static int set_reach(lua_State *L) {
  size_t reach = match_set_reach(bind_match_set(L, 1));
  if (reach == SIZE_MAX) return 0;
  lua_pushinteger(L, (lua_Integer)reach);
  return 1;
}

static int set_stream(lua_State *L) {
  struct match_set *set = bind_match_set(L, 1);
  struct error error;
  void **box = bind_box_new(L, STREAM_TYPE, NULL);
  *box = match_stream_open(set, &error);
  return *box ? 1 : luaL_error(L, "%s", error.message);
}

static int stream_feed(lua_State *L) {
  unsigned index;
  if (!match_stream_feed(bind_box(L, 1, STREAM_TYPE), bind_slice(L, 2), &index)) return 0;
  lua_pushinteger(L, (lua_Integer)index + 1);
  return 1;
}

static int stream_collect(lua_State *L) {
  match_stream_close(*(struct match_stream **)lua_touserdata(L, 1));
  return 0;
}

void bind_match(lua_State *L) {
  static const luaL_Reg set[] = {
      {"find", set_find},   {"all", set_all},       {"replace", set_replace}, {"pending", set_pending},
      {"reach", set_reach}, {"stream", set_stream}, {"__gc", set_collect},    {0}};
  static const luaL_Reg stream[] = {{"feed", stream_feed}, {"__gc", stream_collect}, {0}};
  static const luaL_Reg functions[] = {{"literals", literals}, {"patterns", patterns}, {0}};
  bind_box_type(L, SET_TYPE, set);
  bind_box_type(L, STREAM_TYPE, stream);
  bind_match_pool_open(L);
  bind_door(L, "match", functions);
}
