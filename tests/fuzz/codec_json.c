// SPDX-License-Identifier: Apache-2.0
/* Whatever the validator accepts, every reader of the room must understand the same way. */
#include <stdlib.h>

#include "base/check.h"
#include "codec/json.h"
#include "codec/utf8.h"

static const char *reason;

static bool is_valid(struct slice text) {
  struct json_fault fault;
  bool valid = json_validate(text, &json_limits_default, &fault) == 0;
  if (!valid) reason = fault.reason;
  return valid;
}

static void string_check(struct slice raw) {
  struct buffer content = {0}, again = {0}, content_again = {0};
  json_string_decode(raw, &content);
  REQUIRE(utf8_valid(buffer_slice(&content)));
  REQUIRE(json_string_is(raw, buffer_slice(&content)));
  struct slice plain;
  if (json_string_plain(raw, &plain)) REQUIRE(slice_equal(plain, buffer_slice(&content)));
  json_string_encode(&again, buffer_slice(&content));
  json_string_decode(buffer_slice(&again), &content_again);
  REQUIRE(slice_equal(buffer_slice(&content), buffer_slice(&content_again)));
  buffer_free(&content);
  buffer_free(&again);
  buffer_free(&content_again);
}

static void scalar_check(struct slice raw) {
  enum json_type type = json_type_of(raw);
  if (type == JSON_STRING) string_check(raw);
  if (type != JSON_NUMBER) return;
  double value;
  if (!json_number_exact(raw, &value)) return;
  REQUIRE(value == json_number_value(raw));
  struct buffer out = {0};
  REQUIRE(json_number_encode(&out, value));
  REQUIRE(slice_equal(buffer_slice(&out), raw));
  buffer_free(&out);
}

/* Reads every event and writes the document again without white space: the same document. */
static void reader_check(struct slice text, struct buffer *out) {
  struct json_reader reader;
  json_reader_start(&reader, text);
  struct slice raw;
  enum json_event event;
  bool comma = false;
  while ((event = json_reader_next(&reader, &raw)) != JSON_EVENT_END) {
    bool closes = event == JSON_EVENT_CLOSE_ARRAY || event == JSON_EVENT_CLOSE_OBJECT;
    if (comma && !closes) buffer_append(out, ",", 1);
    buffer_append_slice(out, raw);
    if (event == JSON_EVENT_KEY) buffer_append(out, ":", 1);
    if (event == JSON_EVENT_KEY || event == JSON_EVENT_SCALAR) scalar_check(raw);
    comma = closes || event == JSON_EVENT_SCALAR;
  }
  REQUIRE(reader.depth == 0);
}

static void whole_check(struct slice text) {
  struct buffer compact = {0}, again = {0};
  reader_check(text, &compact);
  REQUIRE(is_valid(buffer_slice(&compact)));
  reader_check(buffer_slice(&compact), &again);
  REQUIRE(slice_equal(buffer_slice(&compact), buffer_slice(&again)));
  buffer_free(&compact);
  buffer_free(&again);
  struct slice value;
  REQUIRE(json_find(text, NULL, 0, &value));
  REQUIRE(value.len > 0 && is_valid(value));
}

/* One edit chosen by `choice`. */
static void edit_apply(struct json_edits *edits, const struct json_index *index, unsigned char choice) {
  const struct json_member *member = index->count ? &index->members[(choice >> 2) % index->count] : NULL;
  switch (choice & 3) {
    case 0:
      if (member) json_edit_replace(edits, index->text, member, SLICE_LITERAL("[1.0]"));
      return;
    case 1: /* a name that no corpus holds, so that the result has no duplicate */
      if (member && edits->count == 0) json_edit_rename(edits, index->text, member, SLICE_LITERAL("~renamed by fuzz~"));
      return;
    case 2:
      if (member) json_edit_remove(edits, index, member);
      return;
    default:
      if (choice == 255) json_edit_append(edits, index, SLICE_LITERAL("\"~appended by fuzz~\":{}"));
  }
}

static bool only_duplicates_may_fail(struct slice rendered) {
  if (is_valid(rendered)) return true;
  struct slice word = SLICE_LITERAL("duplicate key");
  return slice_equal(slice_text(reason), word);
}

static void edits_check(const struct json_index *index, struct slice choices) {
  struct json_edits edits = {0};
  for (size_t i = 0; i < choices.len; i++) edit_apply(&edits, index, (unsigned char)choices.ptr[i]);
  struct slice segments[JSON_SEGMENTS_MAX];
  unsigned count = json_edits_segments(&edits, index->text, segments);
  REQUIRE(count <= JSON_SEGMENTS_MAX);
  struct buffer out = {0};
  for (unsigned i = 0; i < count; i++) buffer_append_slice(&out, segments[i]);
  REQUIRE(out.len == json_edits_length(&edits, index->text));
  REQUIRE(only_duplicates_may_fail(buffer_slice(&out)));
  buffer_free(&out);
}

static void index_check(struct slice text, struct slice choices) {
  struct arena arena = {0};
  struct json_index index;
  struct json_fault fault;
  bool object = json_index_build(text, &json_limits_default, &arena, &index, &fault) == 0;
  REQUIRE(object == (text.ptr[strspn(text.ptr, " \t\r\n")] == '{'));
  for (size_t i = 0; object && i < index.count; i++) {
    const struct json_member *member = &index.members[i];
    struct json_step step = {member->key, -1};
    struct slice value;
    REQUIRE(json_index_find(&index, member->key) == member);
    REQUIRE(json_find(text, &step, 1, &value));
    REQUIRE(value.ptr == member->value.ptr && value.len == member->value.len);
    REQUIRE(json_type_of(value) == member->type);
  }
  if (object) edits_check(&index, choices);
  arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Input: a document, maybe a byte 0xff and one byte for each edit. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  struct slice input = {(const char *)data, size};
  const char *mark = size ? memchr(data, 0xff, size) : NULL;
  struct slice choices = mark ? slice_from(input, (size_t)(mark - input.ptr) + 1) : slice_make("", 0);
  size_t len = mark ? (size_t)(mark - input.ptr) : size;
  char *text = malloc(len + 1); /* ends where the document ends; the NUL is for strspn above alone */
  REQUIRE(text != NULL);
  if (len > 0) memcpy(text, data, len);
  text[len] = '\0';
  if (is_valid(slice_make(text, len))) {
    whole_check(slice_make(text, len));
    index_check(slice_make(text, len), choices);
  }
  free(text);
  return 0;
}
