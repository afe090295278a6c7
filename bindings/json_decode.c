// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/json.h"

enum { DEPTH_MAX = 64, KEPT_MIN = 128 /* bytes of a string between its quotes */ };

/* One document on its way into Lua. Its open containers stand on the Lua stack, an object's key above it. */
struct decoder {
  struct lua_State *L;
  struct json_reader reader;
  int raw_keys;    /* stack index of the table of keys kept raw; 0 = none */
  int unescaped;   /* stack index of the memory below */
  char *memory;    /* where strings with escapes are decoded; owned by the VM */
  size_t capacity; /* of the memory */
  bool lengthy;    /* the key before asks for its value as it stands if that is a long text */
  unsigned depth;
  int lengths[DEPTH_MAX + 1]; /* elements so far of each open array; -1 for an object */
};

static char *memory_for(struct decoder *decoder, size_t len) {
  if (len > decoder->capacity) {
    size_t capacity = len < 512 ? 512 : len;
    decoder->memory = lua_newuserdata(decoder->L, capacity);
    decoder->capacity = capacity;
    lua_replace(decoder->L, decoder->unescaped);
  }
  return decoder->memory;
}

static void string_push(struct decoder *decoder, struct slice raw) {
  struct slice text;
  if (!json_string_plain(raw, &text)) {
    char *memory = memory_for(decoder, raw.len);
    text = slice_make(memory, json_string_decode_into(memory, raw));
  }
  bind_push_slice(decoder->L, text);
}

static void scalar_push(struct decoder *decoder, struct slice raw) {
  switch (json_type_of(raw)) {
    case JSON_NULL:
      json_push_null(decoder->L);
      return;
    case JSON_FALSE:
    case JSON_TRUE:
      lua_pushboolean(decoder->L, raw.ptr[0] == 't');
      return;
    case JSON_STRING:
      string_push(decoder, raw);
      return;
    default:
      json_push_number(decoder->L, raw);
  }
}

/* Puts the value on top where it belongs. */
static void value_store(struct decoder *decoder) {
  if (decoder->depth == 0) return;
  int *length = &decoder->lengths[decoder->depth];
  if (*length < 0) {
    lua_rawset(decoder->L, -3);
  } else {
    lua_rawseti(decoder->L, -2, ++*length);
  }
}

static void container_open(struct decoder *decoder, bool object) {
  luaL_checkstack(decoder->L, 8, "JSON nested too deeply");
  lua_createtable(decoder->L, object ? 0 : 4, object ? 4 : 0);
  decoder->lengths[++decoder->depth] = object ? -1 : 0;
}

static void container_close(struct decoder *decoder) {
  if (decoder->lengths[decoder->depth] >= 0) {
    json_push_array_mark(decoder->L);
    lua_setmetatable(decoder->L, -2);
  }
  decoder->depth--;
  value_store(decoder);
}

enum keeping { KEEP_NOTHING, KEEP_LONG, KEEP_RAW };

/* What the table of keys says of the key on top: true, or "long". */
static enum keeping key_keeps(struct decoder *decoder) {
  if (!decoder->raw_keys) return KEEP_NOTHING;
  lua_pushvalue(decoder->L, -1);
  lua_rawget(decoder->L, decoder->raw_keys);
  enum keeping keeping = lua_toboolean(decoder->L, -1) ? KEEP_RAW : KEEP_NOTHING;
  if (keeping == KEEP_RAW && lua_type(decoder->L, -1) == LUA_TSTRING) keeping = KEEP_LONG;
  lua_pop(decoder->L, 1);
  return keeping;
}

static void key_push(struct decoder *decoder, struct slice key) {
  string_push(decoder, key);
  enum keeping keeping = key_keeps(decoder);
  decoder->lengthy = keeping == KEEP_LONG;
  if (keeping != KEEP_RAW) return;
  struct slice value;
  decoder->reader.deepest = decoder->reader.depth;
  json_reader_value(&decoder->reader, &value);
  json_push_raw(decoder->L, value, decoder->reader.deepest - decoder->depth);
  value_store(decoder);
}

/* Whether something can be read near the beginning: a text of nothing but blanks must be seen to be one. */
static bool begins_with_words(struct slice content) {
  size_t blank = 0;
  while (blank < KEPT_MIN && content.ptr[blank] == ' ') blank++;
  return blank < KEPT_MIN && content.ptr[blank] != '\\';
}

static bool is_long_text(struct slice raw) {
  return raw.ptr[0] == '"' && raw.len >= KEPT_MIN + 2 && begins_with_words(slice_make(raw.ptr + 1, raw.len - 2));
}

static void scalar_take(struct decoder *decoder, struct slice raw) {
  if (decoder->lengthy && is_long_text(raw)) {
    json_push_raw(decoder->L, raw, 0);
  } else {
    scalar_push(decoder, raw);
  }
  decoder->lengthy = false;
  value_store(decoder);
}

static void event_take(struct decoder *decoder, enum json_event event, struct slice raw) {
  switch (event) {
    case JSON_EVENT_KEY:
      key_push(decoder, raw);
      return;
    case JSON_EVENT_SCALAR:
      scalar_take(decoder, raw);
      return;
    case JSON_EVENT_OPEN_OBJECT:
    case JSON_EVENT_OPEN_ARRAY:
      decoder->lengthy = false;
      container_open(decoder, event == JSON_EVENT_OPEN_OBJECT);
      return;
    default:
      container_close(decoder);
  }
}

void json_push_value(lua_State *L, struct slice valid, int raw_keys) {
  struct decoder decoder;
  decoder.L = L;
  decoder.raw_keys = raw_keys;
  decoder.memory = NULL;
  decoder.capacity = 0;
  decoder.lengthy = false;
  decoder.depth = 0;
  luaL_checkstack(L, 8, "JSON");
  lua_pushnil(L);
  decoder.unescaped = lua_gettop(L);
  json_reader_start(&decoder.reader, valid);
  enum json_event event;
  struct slice raw;
  while ((event = json_reader_next(&decoder.reader, &raw)) != JSON_EVENT_END) event_take(&decoder, event, raw);
  lua_remove(L, decoder.unescaped);
}
