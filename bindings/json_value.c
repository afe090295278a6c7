// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/json.h"

/* Their addresses are the registry's keys of the metatables: found without their names. */
static const char raw_type[] = "json.raw", number_type[] = "json.number", array_type[] = "json.array";

enum { SCRATCH_KEEP = 64 << 10 };

/* The address of this is the registry's key of the scratch memory. */
static const char scratch_key;

/* Text that stands for a value. */
struct verbatim {
  size_t len;
  unsigned depth;
  char bytes[];
};

static void metatable_push(lua_State *L, const char *type) {
  lua_pushlightuserdata(L, (void *)type);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

static struct slice verbatim_slice(const struct verbatim *text) {
  return slice_make(text->bytes, text->len);
}

static void verbatim_push(lua_State *L, struct slice bytes, unsigned depth, const char *type) {
  struct verbatim *text = lua_newuserdata(L, sizeof *text + bytes.len);
  text->len = bytes.len;
  text->depth = depth;
  memcpy(text->bytes, bytes.ptr, bytes.len);
  metatable_push(L, type);
  lua_setmetatable(L, -2);
}

/* The text of a userdata of this type, or null. */
static const struct verbatim *verbatim_at(lua_State *L, int index, const char *type) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
  metatable_push(L, type);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? lua_touserdata(L, index) : NULL;
}

void json_push_null(lua_State *L) {
  lua_pushlightuserdata(L, NULL);
}

void json_push_raw(lua_State *L, struct slice valid, unsigned depth) {
  verbatim_push(L, valid, depth, raw_type);
}

void json_push_number(lua_State *L, struct slice raw) {
  double value;
  if (json_number_exact(raw, &value)) {
    lua_pushnumber(L, value);
  } else {
    verbatim_push(L, raw, 0, number_type);
  }
}

struct slice json_raw_text(lua_State *L, int index, unsigned *depth) {
  const struct verbatim *text = verbatim_at(L, index, raw_type);
  if (!text) return slice_make(NULL, 0);
  if (depth) *depth = text->depth;
  return verbatim_slice(text);
}

struct slice json_number_text(lua_State *L, int index) {
  const struct verbatim *text = verbatim_at(L, index, number_type);
  return text ? verbatim_slice(text) : slice_make(NULL, 0);
}

void json_array_mark(lua_State *L, int index) {
  lua_pushvalue(L, index);
  metatable_push(L, array_type);
  if (lua_getmetatable(L, -2)) {
    if (!lua_rawequal(L, -1, -2)) luaL_error(L, "a table with a metatable of its own cannot become an array");
    lua_pop(L, 1);
  }
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

static bool is_marked(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  metatable_push(L, array_type);
  bool marked = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return marked;
}

bool json_is_array(lua_State *L, int index) {
  if (!lua_istable(L, index)) return false;
  if (is_marked(L, index)) return true;
  lua_pushvalue(L, index);
  lua_pushnil(L);
  bool positions = false;
  if (lua_next(L, -2)) {
    positions = lua_type(L, -2) == LUA_TNUMBER;
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  return positions;
}

/* A view is an empty table that shows the one its metatable names. Views of views end well before this. */
enum { VIEW_CHAIN_MAX = 4 };

void json_push_array_mark(lua_State *L) {
  metatable_push(L, array_type);
}

void json_view_through(lua_State *L) {
  for (int i = 0; i < VIEW_CHAIN_MAX && lua_istable(L, -1) && lua_getmetatable(L, -1); i++) {
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (!lua_istable(L, -1)) {
      lua_pop(L, 1);
      return;
    }
    lua_replace(L, -2);
  }
}

static int null_tostring(lua_State *L) {
  bool null = lua_touserdata(L, 1) == NULL;
  bind_push_slice(L, null ? SLICE_LITERAL("null") : SLICE_LITERAL("light value"));
  return 1;
}

static int verbatim_tostring(lua_State *L) {
  struct slice text = json_raw_text(L, 1, NULL);
  bind_push_slice(L, text.ptr ? text : json_number_text(L, 1));
  return 1;
}

static int scratch_free(lua_State *L) {
  struct json_scratch *scratch = lua_touserdata(L, 1);
  buffer_free(&scratch->out);
  buffer_free(&scratch->keys);
  return 0;
}

/* Closes the new metatable on top to scripts; `function` may be null. */
static void metatable_protect(lua_State *L, const char *event, lua_CFunction function) {
  if (function) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, event);
  }
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

/* Takes the metatable on top for a type. */
static const void *metatable_keep(lua_State *L, const char *type) {
  const void *address = lua_topointer(L, -1);
  lua_pushlightuserdata(L, (void *)type);
  lua_insert(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return address;
}

/* A new metatable, closed to scripts. */
static const void *type_open(lua_State *L, const char *type, lua_CFunction tostring) {
  lua_newtable(L);
  metatable_protect(L, "__tostring", tostring);
  return metatable_keep(L, type);
}

static struct json_scratch *scratch_open(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&scratch_key);
  struct json_scratch *scratch = lua_newuserdata(L, sizeof *scratch);
  *scratch = (struct json_scratch){0};
  lua_newtable(L);
  metatable_protect(L, "__gc", scratch_free);
  lua_setmetatable(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return scratch;
}

void json_values_open(lua_State *L) {
  struct json_scratch *scratch = scratch_open(L);
  scratch->raw_type = type_open(L, raw_type, verbatim_tostring);
  scratch->number_type = type_open(L, number_type, verbatim_tostring);
  scratch->array_type = type_open(L, array_type, NULL);
  json_push_null(L); /* light values share one metatable */
  lua_newtable(L);
  metatable_protect(L, "__tostring", null_tostring);
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  json_ranks_open(L, scratch);
}

struct json_scratch *json_scratch(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&scratch_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  struct json_scratch *scratch = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return scratch;
}

void json_scratch_trim(struct json_scratch *scratch) {
  if (scratch->out.cap > SCRATCH_KEEP) buffer_free(&scratch->out);
  if (scratch->keys.cap > SCRATCH_KEEP) buffer_free(&scratch->keys);
}
