// SPDX-License-Identifier: Apache-2.0
#include "codec/delta.h"

#include <limits.h>

#include "codec/json.h"

/* ---- looking into valid JSON ---- */

/* One level of it; called with each key (raw) and value. */
struct scope {
  struct delta *delta;
  long choice, tool;
};
typedef void (*member_read)(const struct scope *scope, struct slice key, struct slice value);

static void members_read(const struct scope *scope, struct slice object, member_read read) {
  struct json_reader reader;
  struct slice key, value;
  json_reader_start(&reader, object);
  if (json_reader_next(&reader, &key) != JSON_EVENT_OPEN_OBJECT) return;
  while (json_reader_next(&reader, &key) == JSON_EVENT_KEY && json_reader_value(&reader, &value)) {
    read(scope, key, value);
  }
}

static bool is(struct slice key, const char *name) {
  return json_string_is(key, slice_text(name));
}

static bool is_string(struct slice raw) {
  return raw.ptr[0] == '"';
}

static bool says(struct slice raw) {
  return is_string(raw) && raw.len > 2;
}

/* The member `index` of an element, or its position. */
static long index_of(struct slice object, long position) {
  struct json_step step = {SLICE_LITERAL("index"), -1};
  struct slice value;
  if (!json_find(object, &step, 1, &value) || json_type_of(value) != JSON_NUMBER) return position;
  double number = json_number_value(value);
  return number >= 0 && number <= INT_MAX ? (long)number : position;
}

/* Calls `read` with each object of an array; `index`, a member of the scope, is the object's. Returns how many elements
 * there are, -1 when it is no array. */
static long elements_read(const struct scope *scope, struct slice array, long *index, member_read read) {
  struct json_reader reader;
  struct slice value;
  json_reader_start(&reader, array);
  if (json_reader_next(&reader, &value) != JSON_EVENT_OPEN_ARRAY) return -1;
  long count = 0;
  for (; json_reader_value(&reader, &value); count++) {
    *index = index_of(value, count);
    members_read(scope, value, read);
  }
  return count;
}

/* ---- texts ---- */

static void text_add(const struct scope *scope, const char *name, struct slice raw) {
  struct delta_text text = {name, scope->choice, scope->tool, raw};
  buffer_append(&scope->delta->texts, &text, sizeof text);
}

/* Strings that identify something, or that no reader reads. */
static bool is_opaque(struct slice key) {
  static const char *const names[] = {"id", "type", "signature", "data", "format", "encrypted_content"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (is(key, names[i])) return true;
  }
  return false;
}

/* Every string in a value nobody has heard of: each is a whole text. */
static void others_add(const struct scope *scope, struct slice key, struct slice value) {
  struct json_reader reader;
  struct slice raw;
  json_reader_start(&reader, value);
  for (enum json_event event; (event = json_reader_next(&reader, &raw)) != JSON_EVENT_END;) {
    if (event == JSON_EVENT_KEY) key = raw;
    if (event == JSON_EVENT_SCALAR && says(raw) && !is_opaque(key)) text_add(scope, "other", raw);
  }
  if (json_type_of(value) != JSON_NULL) scope->delta->more = true;
}

static void function_read(const struct scope *scope, struct slice key, struct slice value) {
  if (!is_string(value)) return;
  if (is(key, "arguments")) {
    text_add(scope, scope->tool < 0 ? "function_call" : "arguments", value);
  } else if (is(key, "input")) {
    text_add(scope, "input", value);
  } else if (says(value)) {
    scope->delta->more = true;
  }
}

static void tool_read(const struct scope *scope, struct slice key, struct slice value) {
  if (is(key, "function") || is(key, "custom")) {
    members_read(scope, value, function_read);
  } else if (says(value)) {
    scope->delta->more = true;
  }
}

static void audio_read(const struct scope *scope, struct slice key, struct slice value) {
  if (is(key, "transcript") && is_string(value)) {
    text_add(scope, "transcript", value);
  } else {
    scope->delta->more = true;
  }
}

/* The members that spell their text piece by piece. */
static const char *spelled(struct slice key) {
  static const char *const names[] = {"content", "reasoning_content", "reasoning", "refusal"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (is(key, names[i])) return names[i];
  }
  return NULL;
}

static void delta_member_read(const struct scope *scope, struct slice key, struct slice value) {
  struct scope inner = *scope;
  const char *name = spelled(key);
  if (name && is_string(value)) {
    text_add(scope, name, value);
  } else if (is(key, "tool_calls")) {
    elements_read(&inner, value, &inner.tool, tool_read);
  } else if (is(key, "function_call")) {
    members_read(scope, value, function_read);
  } else if (is(key, "audio")) {
    members_read(scope, value, audio_read);
  } else if (is(key, "role")) {
    if (is_string(value)) scope->delta->more = true;
  } else {
    others_add(scope, key, value);
  }
}

static void choice_read(const struct scope *scope, struct slice key, struct slice value) {
  if (is(key, "delta")) {
    members_read(scope, value, delta_member_read);
  } else if (is(key, "text") && is_string(value)) {
    text_add(scope, "text", value);
  } else if (is(key, "finish_reason") && says(value)) { /* some providers say "" all the while */
    buffer_append(&scope->delta->finished, &scope->choice, sizeof scope->choice);
    scope->delta->more = true;
  } else if (is(key, "logprobs") && json_type_of(value) != JSON_NULL) {
    text_add(scope, NULL, value);
  }
}

static void chunk_member_read(const struct scope *scope, struct slice key, struct slice value) {
  struct delta *delta = scope->delta;
  struct scope inner = *scope;
  if (is(key, "choices")) {
    delta->choices = value;
    delta->no_choices = elements_read(&inner, value, &inner.choice, choice_read) == 0;
  } else if (is(key, "usage") && json_type_of(value) == JSON_OBJECT) {
    delta->usage = value;
    delta->more = true;
  } else if (is(key, "error") && json_type_of(value) != JSON_NULL) {
    delta->error = true;
  }
}

bool delta_read(struct delta *delta, struct slice chunk) {
  struct json_fault fault;
  struct delta empty = {.chunk = chunk, .texts = delta->texts, .finished = delta->finished};
  *delta = empty;
  buffer_clear(&delta->texts);
  buffer_clear(&delta->finished);
  if (json_validate(chunk, &json_limits_lenient, &fault) < 0) return false;
  size_t start = 0;
  while (start < chunk.len && strchr(" \t\r\n", chunk.ptr[start])) start++;
  if (chunk.ptr[start] != '{') return false;
  members_read(&(struct scope){delta, 0, -1}, chunk, chunk_member_read);
  return true;
}

void delta_free(struct delta *delta) {
  buffer_free(&delta->texts);
  buffer_free(&delta->finished);
}

size_t delta_count(const struct delta *delta) {
  return delta->texts.len / sizeof(struct delta_text);
}

const struct delta_text *delta_at(const struct delta *delta, size_t position) {
  return (const struct delta_text *)(const void *)delta->texts.data + position;
}

/* ---- writing ---- */

/* Appends what lies between the end of the last piece and `piece`; moves `at` behind it. */
static void gap_append(const struct delta *delta, struct slice piece, size_t *at, struct buffer *out) {
  size_t start = (size_t)(piece.ptr - delta->chunk.ptr);
  buffer_append(out, delta->chunk.ptr + *at, start - *at);
  *at = start + piece.len;
}

void delta_render(const struct delta *delta, const struct slice *texts, struct buffer *out) {
  size_t at = 0;
  for (size_t i = 0; i < delta_count(delta); i++) {
    const struct delta_text *text = delta_at(delta, i);
    if (text->name && !texts[i].ptr) continue;
    gap_append(delta, text->raw, &at, out);
    if (text->name) {
      json_string_encode(out, texts[i]);
    } else {
      buffer_append(out, "null", 4);
    }
  }
  buffer_append_slice(out, slice_from(delta->chunk, at));
}

void delta_render_around(const struct delta *delta, struct slice choices, struct buffer *out) {
  bool usage_first = delta->usage.ptr && delta->usage.ptr < delta->choices.ptr;
  size_t at = 0;
  for (int i = 0; i < 2; i++) {
    bool usage = usage_first == (i == 0);
    struct slice piece = usage ? delta->usage : delta->choices;
    if (!piece.ptr) continue;
    gap_append(delta, piece, &at, out);
    buffer_append_slice(out, usage ? SLICE_LITERAL("null") : choices);
  }
  buffer_append_slice(out, slice_from(delta->chunk, at));
}
