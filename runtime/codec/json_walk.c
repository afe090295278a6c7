// SPDX-License-Identifier: Apache-2.0
#include "codec/json_walk.h"

#include "codec/json_rules.h"
#include "codec/json_scan.h"

void json_walk_start(struct json_walk *walk, struct json_document *document, const struct json_rules *rules,
                     enum json_type wanted) {
  if (document->rearranged) json_document_settle(document);
  walk->document = document;
  walk->rules = rules;
  walk->wanted = wanted;
  walk->version = document->version;
  walk->begun = false;
  json_reader_start(&walk->reader, document->text);
}

/* ---- edits while walking ---- */

/* The innermost container that is still there after one more settling. */
static void levels_step(struct json_walk *walk) {
  struct json_reader *reader = &walk->reader;
  for (unsigned depth = 1; depth <= reader->depth; depth++) {
    size_t end = walk->levels[depth].start + 1;
    if (json_document_step(walk->document, walk->version, &walk->levels[depth].start, &end)) continue;
    reader->in_object >>= reader->depth - (depth - 1);
    reader->depth = depth - 1;
    reader->expect_key = reader->in_object & 1;
  }
}

static void walk_follow(struct json_walk *walk) {
  for (; walk->version < walk->document->version; walk->version++) {
    levels_step(walk);
    walk->reader.at = json_document_step_point(walk->document, walk->version, walk->reader.at);
  }
  walk->reader.text = walk->document->text;
}

/* ---- one value ---- */

/* Where a value stands in the rules. */
struct place {
  const struct json_node *node;
  const struct json_rule *deep;
  bool word; /* a member of a name that `deep` excepts: its string, or its array's, is none of its own */
};

static struct place place_below(const struct json_node *node, const struct json_rule *deep) {
  if (node && node->deep) deep = node->deep->kind.len > 0 ? node->deep : NULL;
  return (struct place){node, deep, false};
}

static bool leads_on(struct place place, char first) {
  if (place.deep && !(place.word && first == '[')) return true;
  if (!place.node) return false;
  return first == '{' ? place.node->has_members : place.node->element != NULL;
}

/* The conditions a rule has beside its place. */
static bool rule_holds(const struct json_walk *walk, const struct json_rule *rule, struct slice raw) {
  if (rule->unless.len > 0 && slice_starts(slice_from(raw, 1), rule->unless)) return false;
  if (rule->only_type.len == 0 || walk->reader.depth == 0) return true;
  size_t start = walk->levels[walk->reader.depth].start;
  struct slice type = json_role_find(walk->reader.text, start, SLICE_LITERAL("type"));
  return type.ptr && json_string_is(type, rule->only_type);
}

static bool found_fill(const struct json_walk *walk, struct place place, struct slice raw, struct json_found *found) {
  const struct json_rule *rule = place.node && place.node->leaf ? place.node->leaf : place.word ? NULL : place.deep;
  if (!rule || rule->kind.len == 0 || json_type_of(raw) != walk->wanted || !rule_holds(walk, rule, raw)) return false;
  bool owned = rule->role_level > 0 && rule->role_level <= walk->reader.depth;
  *found =
      (struct json_found){raw, walk->reader.escaped, rule, owned ? walk->levels[rule->role_level].start : SIZE_MAX};
  return true;
}

/* Takes the value that comes next: steps into a container that may hold something. True when it is one to report. */
static bool value_take(struct json_walk *walk, struct place place, struct json_found *found) {
  struct json_reader *reader = &walk->reader;
  struct slice raw;
  size_t at = json_reader_peek(reader);
  char first = at < reader->text.len ? reader->text.ptr[at] : '\0';
  if (first != '{' && first != '[') return json_reader_value(reader, &raw) && found_fill(walk, place, raw, found);
  if (!leads_on(place, first)) {
    json_reader_value(reader, &raw);
    return false;
  }
  json_reader_next(reader, &raw);
  walk->levels[reader->depth] = (struct json_walk_level){place.node, place.deep, at};
  return false;
}

enum { KEY_MAX = 256 }; /* a rule's names are shorter */

static struct place member_place(const struct json_walk_level *level, struct slice raw, bool escaped) {
  struct slice key = slice_make(raw.ptr + 1, raw.len - 2);
  char decoded[KEY_MAX] __attribute__((uninitialized));
  if (escaped) {
    key = raw.len <= KEY_MAX ? slice_make(decoded, json_string_decode_into(decoded, raw)) : (struct slice){0};
  }
  struct place place = place_below(level->node ? json_node_child(level->node, key) : NULL, level->deep);
  place.word = place.deep && json_rule_excepts(place.deep, key);
  return place;
}

/* One member or element of the innermost container, or its end. */
static bool container_step(struct json_walk *walk, struct json_found *found) {
  struct json_reader *reader = &walk->reader;
  const struct json_walk_level *level = &walk->levels[reader->depth];
  struct slice raw;
  if (reader->expect_key) {
    if (json_reader_next(reader, &raw) != JSON_EVENT_KEY) return false;
    return value_take(walk, member_place(level, raw, reader->escaped), found);
  }
  if (reader->text.ptr[json_reader_peek(reader)] == ']') {
    json_reader_next(reader, &raw);
    return false;
  }
  return value_take(walk, place_below(level->node ? level->node->element : NULL, level->deep), found);
}

bool json_walk_next(struct json_walk *walk, struct json_found *found) {
  if (walk->document->rearranged) json_document_settle(walk->document);
  if (walk->version != walk->document->version) walk_follow(walk);
  if (!walk->begun) {
    walk->begun = true;
    if (value_take(walk, place_below(&walk->rules->root, NULL), found)) return true;
  }
  while (walk->reader.depth > 0) {
    if (container_step(walk, found)) return true;
  }
  return false;
}

/* ---- what is said of a value ---- */

struct slice json_role_find(struct slice text, size_t owner, struct slice name) {
  struct json_reader reader;
  struct slice raw;
  json_reader_start(&reader, slice_from(text, owner));
  if (json_reader_next(&reader, &raw) != JSON_EVENT_OPEN_OBJECT) return (struct slice){0};
  while (json_reader_next(&reader, &raw) == JSON_EVENT_KEY) {
    bool match = json_string_is(raw, name);
    json_reader_value(&reader, &raw);
    if (match) return json_type_of(raw) == JSON_STRING ? raw : (struct slice){0};
  }
  return (struct slice){0};
}

static void key_write(struct buffer *out, struct slice raw) {
  struct buffer key = {0};
  json_string_decode(raw, &key);
  bool plain = key.len > 0;
  for (size_t i = 0; i < key.len; i++) plain = plain && !memchr(".[]\"", key.data[i], 4);
  if (plain) {
    if (out->len > 0) buffer_append(out, ".", 1);
    buffer_append_slice(out, buffer_slice(&key));
  } else {
    buffer_append(out, "[\"", 2);
    buffer_append_slice(out, buffer_slice(&key));
    buffer_append(out, "\"]", 2);
  }
  buffer_free(&key);
}

/* The step down to the value behind the reader, which holds the byte at `at`; false when there is none. */
static bool path_step(struct json_reader *reader, size_t at, struct buffer *out) {
  struct slice raw;
  long long position = 0;
  if (json_reader_next(reader, &raw) == JSON_EVENT_SCALAR) return false;
  for (;; position++) {
    struct slice key = {0};
    if (reader->expect_key && json_reader_next(reader, &key) != JSON_EVENT_KEY) return false;
    struct json_reader before = *reader;
    if (!json_reader_value(reader, &raw)) return false;
    if (reader->at <= at) continue;
    *reader = before;
    if (key.ptr) {
      key_write(out, key);
    } else {
      buffer_append_format(out, "[%lld]", position);
    }
    return (size_t)(raw.ptr - reader->text.ptr) < at;
  }
}

void json_path_write(struct buffer *out, struct slice valid, size_t at) {
  struct json_reader reader;
  json_reader_start(&reader, valid);
  while (path_step(&reader, at, out)) continue;
}
