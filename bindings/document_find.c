// SPDX-License-Identifier: Apache-2.0
#include "bindings/document.h"
#include "bindings/json.h"
#include "bindings/match.h"
#include "match/set.h"

/* doc:find(walker, set) -> part, from, to, index | nothing: the first text of the walk in which something of a
 * gateway.match set is found. Texts are looked at where they stand, as JSON writes them, and decoded only when they
 * have escapes and may match. */

/* Whether what the set finds in a text stands in `raw` letter by letter, whatever its escapes. */
static bool stands_raw(const struct match_set *set, struct slice raw) {
  if (match_set_is_plain(set)) return !json_unicode_escaped(raw);
  return !memchr(raw.ptr, '\\', raw.len);
}

/* Whether the set may find something in what `raw` is when decoded. */
static bool may_match(const struct match_set *set, struct slice raw) {
  struct match_found match;
  return !match_set_is_words(set) || !stands_raw(set, raw) || match_set_find(set, raw, &match);
}

/* The raw string that the document has at the place that was found; null when an edit has taken it away. */
static struct slice raw_of(const struct document *document, const struct json_found *found) {
  if (document->json.edits.len == 0) return found->raw;
  size_t start = (size_t)(found->raw.ptr - document->json.text.ptr);
  return json_document_value(&document->json, start, start + found->raw.len);
}

static bool find_in(const struct match_set *set, struct slice raw, struct buffer *scratch, struct match_found *match) {
  struct slice text;
  if (json_string_plain(raw, &text)) return match_set_find(set, text, match);
  if (!may_match(set, raw)) return false;
  buffer_clear(scratch);
  json_string_decode(raw, scratch);
  return match_set_find(set, buffer_slice(scratch), match);
}

enum { WHOLE_MAX = 64 << 10 }; /* more may be mostly what no rule looks into */

/* False when no text can match since the whole document does not: one look instead of one for each text. */
static bool any_may_match(const struct document *document, const struct match_set *set) {
  struct slice text = document->json.text;
  return document->json.edits.len > 0 || text.len > WHOLE_MAX || may_match(set, text);
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
  if (!any_may_match(document, set)) return 0;
  json_walk_start(&walk, &document->json, rules, JSON_STRING);
  while (!matched && json_walk_next(&walk, &found)) {
    struct slice raw = raw_of(document, &found);
    matched = raw.ptr && find_in(set, raw, &scratch->out, &match);
  }
  json_scratch_trim(scratch);
  if (matched && match_set_gave_up(set)) luaL_error(L, "the patterns take too long on this text");
  return matched ? push_found(L, document, &found, &match) : 0;
}
