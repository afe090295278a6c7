// SPDX-License-Identifier: Apache-2.0
#include "codec/delta.h"

#include "bindings/bind.h"
#include "codec/content.h"
#include "codec/json.h"

/* gateway.delta (hallway): the chunks of a chat stream and their texts.
 *   says(chunk) -> whether a client has reason to wait for more of this stream: see codec/content.h
 *   new() -> reader, which holds one chunk at a time
 * Methods of a reader:
 *   read(chunk) -> whether it is a JSON object
 *   count() -> how many texts      text(n) -> name, choice, tool, text      see codec/delta.h; name nil: it only
 * repeats finished(n) -> the nth choice that ends here | nil kind() -> "chunk", "error", "usage" (usage and no choices)
 * more() -> whether it says more than its texts usage() -> prompt, completion, total tokens | nothing with(texts) ->
 * the chunk with texts[n] for text n where that is not nil around(choices) -> the chunk with other choices (JSON) and
 * without usage */

#define READER_TYPE "gateway.delta"

void bind_delta(lua_State *L);

struct reader {
  struct delta delta;
  struct buffer out;
  struct buffer texts; /* struct slice by number, for `with` */
};

static int reader_new(lua_State *L) {
  struct reader *reader = lua_newuserdata(L, sizeof *reader);
  *reader = (struct reader){0};
  luaL_getmetatable(L, READER_TYPE);
  lua_setmetatable(L, -2);
  lua_newtable(L);
  lua_setfenv(L, -2);
  return 1;
}

static struct reader *reader_check(lua_State *L) {
  return luaL_checkudata(L, 1, READER_TYPE);
}

static int reader_collect(lua_State *L) {
  struct reader *reader = reader_check(L);
  delta_free(&reader->delta);
  buffer_free(&reader->out);
  buffer_free(&reader->texts);
  return 0;
}

/* The chunk stays with the reader until the next one comes. */
static int reader_read(lua_State *L) {
  struct reader *reader = reader_check(L);
  struct slice chunk = bind_slice(L, 2);
  lua_getfenv(L, 1);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  lua_pushboolean(L, delta_read(&reader->delta, chunk));
  return 1;
}

static int reader_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)delta_count(&reader_check(L)->delta));
  return 1;
}

static int reader_text(lua_State *L) {
  struct reader *reader = reader_check(L);
  lua_Integer position = luaL_checkinteger(L, 2) - 1;
  luaL_argcheck(L, position >= 0 && (size_t)position < delta_count(&reader->delta), 2, "no such text");
  const struct delta_text *text = delta_at(&reader->delta, (size_t)position);
  if (!text->name) return 0;
  bind_push_slice(L, slice_text(text->name));
  lua_pushinteger(L, text->choice);
  lua_pushinteger(L, text->tool);
  buffer_clear(&reader->out);
  json_string_decode(text->raw, &reader->out);
  bind_push_slice(L, buffer_slice(&reader->out));
  return 4;
}

static int reader_finished(lua_State *L) {
  const struct delta *delta = &reader_check(L)->delta;
  lua_Integer position = luaL_checkinteger(L, 2) - 1;
  if (position < 0 || (size_t)position >= delta->finished.len / sizeof(long)) return 0;
  lua_pushinteger(L, ((const long *)(const void *)delta->finished.data)[position]);
  return 1;
}

static int reader_kind(lua_State *L) {
  const struct delta *delta = &reader_check(L)->delta;
  bool usage = delta->usage.ptr && delta->no_choices;
  bind_push_slice(L, slice_text(delta->error ? "error" : usage ? "usage" : "chunk"));
  return 1;
}

static int reader_more(lua_State *L) {
  lua_pushboolean(L, reader_check(L)->delta.more);
  return 1;
}

static void count_push(lua_State *L, struct slice usage, const char *name) {
  struct json_step step = {slice_text(name), -1};
  struct slice value;
  bool found = json_find(usage, &step, 1, &value) && json_type_of(value) == JSON_NUMBER;
  if (found) {
    lua_pushnumber(L, json_number_value(value));
  } else {
    lua_pushnil(L);
  }
}

static int reader_usage(lua_State *L) {
  struct slice usage = reader_check(L)->delta.usage;
  if (!usage.ptr) return 0;
  count_push(L, usage, "prompt_tokens");
  count_push(L, usage, "completion_tokens");
  count_push(L, usage, "total_tokens");
  return 3;
}

/* The strings of the table at 2, borrowed from it. */
static const struct slice *texts_take(lua_State *L, struct reader *reader) {
  luaL_checktype(L, 2, LUA_TTABLE);
  buffer_clear(&reader->texts);
  for (size_t i = 0; i < delta_count(&reader->delta); i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    struct slice text = lua_isnil(L, -1) ? (struct slice){0} : bind_slice(L, -1);
    buffer_append(&reader->texts, &text, sizeof text);
    lua_pop(L, 1);
  }
  return (const struct slice *)(const void *)reader->texts.data;
}

static int reader_with(lua_State *L) {
  struct reader *reader = reader_check(L);
  const struct slice *texts = texts_take(L, reader);
  buffer_clear(&reader->out);
  delta_render(&reader->delta, texts, &reader->out);
  bind_push_slice(L, buffer_slice(&reader->out));
  return 1;
}

static int reader_around(lua_State *L) {
  struct reader *reader = reader_check(L);
  struct slice choices = bind_slice(L, 2);
  buffer_clear(&reader->out);
  delta_render_around(&reader->delta, choices, &reader->out);
  bind_push_slice(L, buffer_slice(&reader->out));
  return 1;
}

static int delta_says(lua_State *L) {
  lua_pushboolean(L, !content_chat_silent(bind_slice(L, 1)));
  return 1;
}

void bind_delta(lua_State *L) {
  static const luaL_Reg methods[] = {{"read", reader_read},
                                     {"count", reader_count},
                                     {"text", reader_text},
                                     {"finished", reader_finished},
                                     {"kind", reader_kind},
                                     {"more", reader_more},
                                     {"usage", reader_usage},
                                     {"with", reader_with},
                                     {"around", reader_around},
                                     {"__gc", reader_collect},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"new", reader_new}, {"says", delta_says}, {NULL, NULL}};
  bind_box_type(L, READER_TYPE, methods);
  bind_door_private(L, "delta", functions);
}
