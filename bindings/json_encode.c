// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>

#include "bindings/bind.h"
#include "bindings/json.h"
#include "codec/utf8.h"

enum { DEPTH_MAX = 64, OUT_MAX = 32 << 20, SORT_DIRECT = 16 };

/* A member's name. Its bytes belong to the table that is being written. */
struct member_name {
  struct slice text;
  int rank; /* place among the well-known names, or JSON_UNRANKED */
};

/* One open container; its table stands on the Lua stack. */
struct level {
  bool array;
  size_t next, count;
  size_t first_name; /* where an object's names begin in the scratch */
};

struct encoder {
  lua_State *L;
  struct json_scratch *scratch;
  const char *fault; /* static text; null while all is well */
  unsigned depth;
  struct level levels[DEPTH_MAX];
};

static bool fail(struct encoder *encoder, const char *fault) {
  encoder->fault = fault;
  return false;
}

static bool string_write(struct encoder *encoder, struct slice text) {
  if (!utf8_valid(text)) return fail(encoder, "a string is not valid UTF-8");
  json_string_encode(&encoder->scratch->out, text);
  return true;
}

static struct slice string_at(lua_State *L, int index) {
  struct slice text;
  text.ptr = lua_tolstring(L, index, &text.len);
  return text;
}

/* ---- the shape of a table ---- */

struct shape {
  size_t names, positions;
  lua_Number greatest; /* position */
};

static void name_take(struct encoder *encoder, struct slice text) {
  struct member_name name = {text, json_rank(encoder->scratch, text.ptr)};
  buffer_append(&encoder->scratch->keys, &name, sizeof name);
}

/* Takes the key below the value on top. */
static bool key_take(struct encoder *encoder, struct shape *shape) {
  if (lua_type(encoder->L, -2) == LUA_TSTRING) {
    shape->names++;
    name_take(encoder, string_at(encoder->L, -2));
    return true;
  }
  if (lua_type(encoder->L, -2) != LUA_TNUMBER) return fail(encoder, "a table key is neither a name nor a position");
  lua_Number position = lua_tonumber(encoder->L, -2);
  shape->positions++;
  if (position > shape->greatest) shape->greatest = position;
  return position >= 1 && position == floor(position) ? true : fail(encoder, "a table key is no position");
}

static bool shape_take(struct encoder *encoder, struct shape *shape) {
  for (lua_pushnil(encoder->L); lua_next(encoder->L, -2); lua_pop(encoder->L, 1)) {
    if (key_take(encoder, shape)) continue;
    lua_pop(encoder->L, 2);
    return false;
  }
  if (shape->names > 0 && shape->positions > 0) return fail(encoder, "a table has both names and positions");
  if (shape->greatest != (lua_Number)shape->positions) return fail(encoder, "an array has gaps");
  return true;
}

static int name_compare(const void *a, const void *b) {
  const struct member_name *left = a, *right = b;
  if (left->rank != right->rank) return left->rank < right->rank ? -1 : 1;
  size_t shared = left->text.len < right->text.len ? left->text.len : right->text.len;
  int order = memcmp(left->text.ptr, right->text.ptr, shared);
  if (order != 0) return order;
  return (left->text.len > right->text.len) - (left->text.len < right->text.len);
}

static void names_sort(struct member_name *names, size_t count) {
  if (count > SORT_DIRECT) {
    qsort(names, count, sizeof *names, name_compare);
    return;
  }
  for (size_t i = 1; i < count; i++) {
    struct member_name name = names[i];
    size_t at = i;
    for (; at > 0 && name_compare(&names[at - 1], &name) > 0; at--) names[at] = names[at - 1];
    names[at] = name;
  }
}

static struct member_name *names_of(struct encoder *encoder, const struct level *level) {
  return (struct member_name *)(void *)(encoder->scratch->keys.data + level->first_name);
}

/* ---- writing ---- */

static void text_write(struct encoder *encoder, struct slice text) {
  buffer_append_slice(&encoder->scratch->out, text);
}

/* The open tables stand below the one on top. */
static const char *depth_fault(struct encoder *encoder) {
  const void *table = lua_topointer(encoder->L, -1);
  for (int i = 2; i <= DEPTH_MAX + 1; i++) {
    if (lua_topointer(encoder->L, -i) == table) return "a table contains itself";
  }
  return "nested deeper than 64 levels";
}

/* The address of the metatable of the value on top, or null. */
static const void *metatable_of(lua_State *L) {
  if (!lua_getmetatable(L, -1)) return NULL;
  const void *address = lua_topointer(L, -1);
  lua_pop(L, 1);
  return address;
}

static bool is_marked(struct encoder *encoder) {
  return metatable_of(encoder->L) == encoder->scratch->array_type;
}

static bool table_open(struct encoder *encoder) {
  if (encoder->depth == DEPTH_MAX) return fail(encoder, depth_fault(encoder));
  struct shape shape = {0};
  struct level *level = &encoder->levels[encoder->depth];
  level->first_name = encoder->scratch->keys.len;
  if (!shape_take(encoder, &shape)) return false;
  level->array = shape.positions > 0 || is_marked(encoder);
  if (level->array && shape.names > 0) return fail(encoder, "an array has names");
  level->next = 0;
  level->count = shape.names + shape.positions;
  if (shape.names > 1) names_sort(names_of(encoder, level), shape.names);
  text_write(encoder, level->array ? SLICE_LITERAL("[") : SLICE_LITERAL("{"));
  encoder->depth++;
  return true;
}

static bool userdata_write(struct encoder *encoder) {
  unsigned depth = 0;
  const void *type = metatable_of(encoder->L);
  struct slice text = {0};
  if (type == encoder->scratch->raw_type) text = json_raw_text(encoder->L, -1, &depth);
  if (type == encoder->scratch->number_type) text = json_number_text(encoder->L, -1);
  if (!text.ptr) return fail(encoder, "a userdata is no JSON value");
  if (encoder->depth + depth > DEPTH_MAX) return fail(encoder, "nested deeper than 64 levels");
  text_write(encoder, text);
  return true;
}

static bool scalar_write(struct encoder *encoder) {
  lua_State *L = encoder->L;
  switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
      text_write(encoder, lua_toboolean(L, -1) ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
      return true;
    case LUA_TNUMBER:
      return json_number_encode(&encoder->scratch->out, lua_tonumber(L, -1)) || fail(encoder, "a number is not finite");
    case LUA_TSTRING:
      return string_write(encoder, string_at(L, -1));
    case LUA_TUSERDATA:
      return userdata_write(encoder);
    case LUA_TLIGHTUSERDATA:
      text_write(encoder, SLICE_LITERAL("null"));
      return lua_touserdata(L, -1) == NULL || fail(encoder, "a light value is no JSON value");
    case LUA_TNIL:
      return fail(encoder, "nil is no JSON value");
    default:
      return fail(encoder, "a function or a coroutine is no JSON value");
  }
}

/* Writes the scalar on top and pops it, or opens the table on top, which stays. */
static bool value_write(struct encoder *encoder) {
  if (encoder->scratch->out.len > OUT_MAX) return fail(encoder, "larger than 32 MiB");
  if (lua_istable(encoder->L, -1)) {
    const void *type = metatable_of(encoder->L);
    if (type && type != encoder->scratch->array_type) json_view_through(encoder->L);
    return table_open(encoder);
  }
  if (!scalar_write(encoder)) return false;
  lua_pop(encoder->L, 1);
  return true;
}

static void table_close(struct encoder *encoder, const struct level *level) {
  text_write(encoder, level->array ? SLICE_LITERAL("]") : SLICE_LITERAL("}"));
  encoder->scratch->keys.len = level->first_name;
  encoder->depth--;
  lua_pop(encoder->L, 1);
}

/* A well-known name: there is nothing in it to escape. */
static void name_write(struct encoder *encoder, struct slice name) {
  text_write(encoder, SLICE_LITERAL("\""));
  text_write(encoder, name);
  text_write(encoder, SLICE_LITERAL("\""));
}

static bool member_push(struct encoder *encoder, const struct level *level) {
  struct member_name name = names_of(encoder, level)[level->next];
  if (name.rank != JSON_UNRANKED) {
    name_write(encoder, name.text);
  } else if (!string_write(encoder, name.text)) {
    return false;
  }
  text_write(encoder, SLICE_LITERAL(":"));
  bind_push_slice(encoder->L, name.text);
  lua_rawget(encoder->L, -2);
  return true;
}

/* Writes the next member of the innermost table, or closes it. */
static bool table_step(struct encoder *encoder) {
  struct level *level = &encoder->levels[encoder->depth - 1];
  if (level->next == level->count) {
    table_close(encoder, level);
    return true;
  }
  if (level->next > 0) text_write(encoder, SLICE_LITERAL(","));
  if (level->array) {
    lua_rawgeti(encoder->L, -1, (int)level->next + 1);
  } else if (!member_push(encoder, level)) {
    return false;
  }
  level->next++;
  return value_write(encoder);
}

const char *json_encode_value(lua_State *L, struct json_scratch *scratch) {
  struct encoder encoder;
  encoder.L = L;
  encoder.scratch = scratch;
  encoder.fault = NULL;
  encoder.depth = 0;
  int top = lua_gettop(L);
  luaL_checkstack(L, DEPTH_MAX + 8, "JSON");
  buffer_clear(&scratch->out);
  buffer_clear(&scratch->keys);
  lua_pushvalue(L, top);
  bool well = value_write(&encoder);
  while (well && encoder.depth > 0) well = table_step(&encoder);
  lua_settop(L, top);
  return encoder.fault;
}
