// SPDX-License-Identifier: Apache-2.0
#include "bindings/document.h"
#include "bindings/json.h"
#include "bindings/match.h"
#include "match/set.h"

/* doc:find(walker, set) -> part, from, to, index | nothing: the first text of the walk in which something of a
 * gateway.match set is found. Texts without escapes are looked at where they stand. */

/* What the document says at the place that was found; nothing when an edit has taken it away. */
static struct slice text_of(struct document *document, const struct json_found *found, struct buffer *scratch) {
  struct slice raw = found->raw, text;
  if (document->json.edits.len > 0) {
    size_t start = (size_t)(raw.ptr - document->json.text.ptr);
    raw = json_document_value(&document->json, start, start + raw.len);
    if (!raw.ptr) return (struct slice){"", 0};
    if (json_string_plain(raw, &text)) return text;
  } else if (!found->escaped) {
    return slice_make(raw.ptr + 1, raw.len - 2);
  }
  buffer_clear(scratch);
  json_string_decode(raw, scratch);
  return buffer_slice(scratch);
}

enum { WHOLE_MAX = 64 << 10 }; /* more may be mostly what no rule looks into */

/* False when no text can hold a word since the whole document does not: one look instead of one for each text. */
static bool may_match(const struct document *document, const struct match_set *set) {
  struct slice text = document->json.text;
  struct match_found match;
  if (document->json.edits.len > 0 || text.len > WHOLE_MAX || !match_set_is_words(set)) return true;
  return memchr(text.ptr, '\\', text.len) || match_set_find(set, text, &match);
}

static int push_found(lua_State *L, struct document *document, const struct json_found *found,
                      const struct match_found *match) {
  lua_settop(L, 3);
  lua_getfenv(L, 1);
  luaL_getmetatable(L, PART_TYPE);
  bind_part_push(L, document, found, 4, 5);
  lua_pushinteger(L, (lua_Integer)match->from + 1);
  lua_pushinteger(L, (lua_Integer)match->to);
  lua_pushinteger(L, (lua_Integer)match->index + 1);
  return 4;
}

int bind_document_find(lua_State *L) {
  struct document *document = bind_document(L, 1);
  const struct match_set *set = bind_match_set(L, 3);
  struct json_scratch *scratch = json_scratch(L);
  const struct json_rules *rules = bind_walker(L, 2, 1);
  struct json_walk walk __attribute__((uninitialized));
  struct json_found found;
  struct match_found match;
  bool matched = false;
  if (!may_match(document, set)) return 0;
  json_walk_start(&walk, &document->json, rules, JSON_STRING);
  while (!matched && json_walk_next(&walk, &found)) {
    matched = match_set_find(set, text_of(document, &found, &scratch->out), &match);
  }
  json_scratch_trim(scratch);
  if (matched && match_set_gave_up(set)) luaL_error(L, "the patterns take too long on this text");
  return matched ? push_found(L, document, &found, &match) : 0;
}
