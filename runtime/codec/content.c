// SPDX-License-Identifier: Apache-2.0
#include "codec/content.h"

#include "codec/json.h"

/* Everything here reads the first events of a stream only: it may look at every byte of them. */

/* One member, or element of an array (its key is empty), of a container: whether it says nothing. */
typedef bool (*silence)(struct slice key, struct slice value);

static bool is(struct slice key, const char *name) {
  return key.len > 0 && json_string_is(key, slice_text(name));
}

/* Nothing in valid JSON that is a container says anything. */
static bool all_silent(struct slice container, silence silent) {
  struct json_reader reader;
  struct slice key = {0}, value;
  json_reader_start(&reader, container);
  bool object = json_reader_next(&reader, &value) == JSON_EVENT_OPEN_OBJECT;
  for (;;) {
    if (object && json_reader_next(&reader, &key) != JSON_EVENT_KEY) return true;
    if (!json_reader_value(&reader, &value)) return true;
    if (!silent(key, value)) return false;
  }
}

/* It is valid JSON. */
static bool is_object(struct slice data) {
  struct json_fault fault;
  data = slice_trim(data);
  return data.len > 0 && data.ptr[0] == '{' && json_validate(data, &json_limits_lenient, &fault) == 0;
}

/* null, "", [] and {}. */
static bool is_empty(struct slice key, struct slice value) {
  (void)key;
  switch (json_type_of(value)) {
    case JSON_NULL:
      return true;
    case JSON_STRING:
      return value.len == 2;
    case JSON_ARRAY:
    case JSON_OBJECT:
      return slice_trim(slice_make(value.ptr + 1, value.len - 2)).len == 0;
    default:
      return false;
  }
}

static bool member_find(struct slice object, const char *name, struct slice *value) {
  struct json_step step = {slice_text(name), -1};
  return json_find(object, &step, 1, value);
}

/* A text that is not empty behind `member` (a key with its colon and the quote that opens its value): almost every
 * event that opens a stream. A word that only looks so opens it, too: that is never wrong. */
static bool speaks(struct slice data, struct slice member) {
  const char *found = data.len > 0 ? memmem(data.ptr, data.len, member.ptr, member.len) : NULL;
  if (!found) return false;
  struct slice rest = slice_from(data, (size_t)(found - data.ptr) + member.len);
  return rest.len > 0 && rest.ptr[0] != '"';
}

/* ---- chat ---- */

static bool delta_silent(struct slice key, struct slice value) {
  return is(key, "role") || is_empty(key, value);
}

/* Beside what is said a choice has what is known of it: filters' results, its index. */
static bool choice_member_silent(struct slice key, struct slice value) {
  if (is(key, "delta") || is(key, "message"))
    return json_type_of(value) == JSON_OBJECT ? all_silent(value, delta_silent) : is_empty(key, value);
  return !(is(key, "text") || is(key, "finish_reason") || is(key, "error")) || is_empty(key, value);
}

static bool choice_silent(struct slice key, struct slice value) {
  (void)key;
  return json_type_of(value) == JSON_OBJECT && all_silent(value, choice_member_silent);
}

static bool vendor_member_silent(struct slice key, struct slice value) {
  return !is(key, "error") || is_empty(key, value);
}

static bool chunk_member_silent(struct slice key, struct slice value) {
  if (is(key, "choices")) return json_type_of(value) == JSON_ARRAY && all_silent(value, choice_silent);
  if (is(key, "x_groq") && json_type_of(value) == JSON_OBJECT) return all_silent(value, vendor_member_silent);
  return !is(key, "error") || is_empty(key, value);
}

bool content_chat_silent(struct slice data) {
  struct slice choices;
  if (speaks(data, SLICE_LITERAL("\"content\":\"")) || !is_object(data)) return false;
  return all_silent(data, chunk_member_silent) && member_find(data, "choices", &choices);
}

/* ---- events that have a kind ---- */

/* The event's name, else its member "type"; empty when there is neither. */
static struct slice kind_of(struct slice name, struct slice data) {
  struct slice type, plain;
  if (name.len > 0) return name;
  bool told = member_find(data, "type", &type) && json_type_of(type) == JSON_STRING;
  return told && json_string_plain(type, &plain) ? plain : (struct slice){0};
}

static bool is_one_of(struct slice kind, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (slice_equal(kind, slice_text(names[i]))) return true;
  }
  return false;
}

static bool is_kind(struct slice kind, const char *name) {
  return slice_equal(kind, slice_text(name));
}

/* A text that begins, or a piece of one, with no letter in it. A tool that is called has a name. */
static bool block_member_silent(struct slice key, struct slice value) {
  return is(key, "type") || is_empty(key, value);
}

static bool inner_silent(struct slice data, const char *name) {
  struct slice inner;
  return member_find(data, name, &inner) && json_type_of(inner) == JSON_OBJECT &&
         all_silent(inner, block_member_silent);
}

bool content_messages_silent(struct slice name, struct slice data) {
  static const char *const silent[] = {"message_start", "ping", "content_block_stop"};
  if (speaks(data, SLICE_LITERAL("\"text\":\"")) || !is_object(data)) return false;
  struct slice kind = kind_of(name, data);
  if (is_kind(kind, "content_block_start")) return inner_silent(data, "content_block");
  if (is_kind(kind, "content_block_delta")) return inner_silent(data, "delta");
  return is_one_of(kind, silent, sizeof silent / sizeof *silent);
}

static bool ends_in(struct slice kind, const char *end) {
  struct slice wanted = slice_text(end);
  return kind.len >= wanted.len && slice_equal(slice_from(kind, kind.len - wanted.len), wanted);
}

bool content_responses_silent(struct slice name, struct slice data) {
  static const char *const silent[] = {"response.created",
                                       "response.queued",
                                       "response.in_progress",
                                       "response.output_item.added",
                                       "response.content_part.added",
                                       "response.reasoning_summary_part.added",
                                       "keepalive"};
  if (speaks(data, SLICE_LITERAL("\"delta\":\"")) || !is_object(data)) return false;
  struct slice kind = kind_of(name, data), delta;
  if (ends_in(kind, ".delta")) return member_find(data, "delta", &delta) && is_empty(delta, delta);
  return is_one_of(kind, silent, sizeof silent / sizeof *silent);
}

/* ---- Google's ---- */

static bool part_member_silent(struct slice key, struct slice value) {
  return is(key, "thought") || is_empty(key, value);
}

static bool part_silent(struct slice key, struct slice value) {
  (void)key;
  return json_type_of(value) == JSON_OBJECT && all_silent(value, part_member_silent);
}

static bool content_member_silent(struct slice key, struct slice value) {
  if (is(key, "parts") && json_type_of(value) == JSON_ARRAY) return all_silent(value, part_silent);
  return is(key, "role") || is_empty(key, value);
}

static bool candidate_member_silent(struct slice key, struct slice value) {
  if (is(key, "content") && json_type_of(value) == JSON_OBJECT) return all_silent(value, content_member_silent);
  return is(key, "index") || is(key, "safetyRatings") || is_empty(key, value);
}

static bool candidate_silent(struct slice key, struct slice value) {
  (void)key;
  return json_type_of(value) == JSON_OBJECT && all_silent(value, candidate_member_silent);
}

static bool feedback_silent(struct slice key, struct slice value) {
  return !is(key, "blockReason") || is_empty(key, value);
}

static bool answer_member_silent(struct slice key, struct slice value) {
  if (is(key, "candidates") && json_type_of(value) == JSON_ARRAY) return all_silent(value, candidate_silent);
  if (is(key, "promptFeedback") && json_type_of(value) == JSON_OBJECT) return all_silent(value, feedback_silent);
  if (is(key, "candidates") || is(key, "error") || is(key, "promptFeedback")) return is_empty(key, value);
  return true; /* counters, the model's name, an id */
}

/* An object with nothing of an answer in it is none that is known. */
bool content_gemini_silent(struct slice data) {
  struct slice value;
  if (speaks(data, SLICE_LITERAL("\"text\":\"")) || !is_object(data)) return false;
  bool known = member_find(data, "candidates", &value) || member_find(data, "usageMetadata", &value) ||
               member_find(data, "promptFeedback", &value);
  return known && all_silent(data, answer_member_silent);
}
