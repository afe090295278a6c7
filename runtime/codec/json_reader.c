// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "codec/json_scan.h"
#include "codec/scan.h"

void json_reader_start(struct json_reader *reader, struct slice valid) {
  *reader = (struct json_reader){.text = valid};
}

static bool is_separator(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' || c == ':';
}

static enum json_event container_open(struct json_reader *reader, bool object) {
  REQUIRE(reader->depth < JSON_DEPTH_MAX);
  reader->depth++;
  if (reader->depth > reader->deepest) reader->deepest = reader->depth;
  reader->in_object = reader->in_object << 1 | object;
  reader->expect_key = object;
  return object ? JSON_EVENT_OPEN_OBJECT : JSON_EVENT_OPEN_ARRAY;
}

static enum json_event container_close(struct json_reader *reader, bool object) {
  REQUIRE(reader->depth > 0);
  reader->depth--;
  reader->in_object >>= 1;
  reader->expect_key = reader->in_object & 1;
  return object ? JSON_EVENT_CLOSE_OBJECT : JSON_EVENT_CLOSE_ARRAY;
}

static enum json_event scalar_end(struct json_reader *reader) {
  if (reader->expect_key) {
    reader->expect_key = false;
    return JSON_EVENT_KEY;
  }
  reader->expect_key = reader->in_object & 1;
  return JSON_EVENT_SCALAR;
}

/* Behind the scalar at `p`. */
static const char *scalar_skip(struct json_reader *reader, const char *p, const char *end) {
  reader->escaped = false;
  if (*p == '"') {
    const char *stop = scan_either(p + 1, end, '"', '\\');
    reader->escaped = *stop == '\\';
    return reader->escaped ? json_string_end(stop, end) : stop + 1;
  }
  while (p < end && !is_separator(*p) && *p != ']' && *p != '}') p++;
  return p;
}

size_t json_reader_peek(const struct json_reader *reader) {
  size_t at = reader->at;
  while (at < reader->text.len && is_separator(reader->text.ptr[at])) at++;
  return at;
}

enum json_event json_reader_next(struct json_reader *reader, struct slice *raw) {
  const char *p = reader->text.ptr + reader->at;
  const char *end = reader->text.ptr + reader->text.len;
  while (p < end && is_separator(*p)) p++;
  if (p == end) return JSON_EVENT_END;
  const char *after = p + 1;
  enum json_event event;
  switch (*p) {
    case '{':
    case '[':
      event = container_open(reader, *p == '{');
      break;
    case '}':
    case ']':
      event = container_close(reader, *p == '}');
      break;
    default:
      after = scalar_skip(reader, p, end);
      event = scalar_end(reader);
  }
  *raw = slice_make(p, (size_t)(after - p));
  reader->at = (size_t)(after - reader->text.ptr);
  return event;
}

bool json_reader_value(struct json_reader *reader, struct slice *raw) {
  enum json_event event = json_reader_next(reader, raw);
  if (event == JSON_EVENT_SCALAR) return true;
  if (event != JSON_EVENT_OPEN_OBJECT && event != JSON_EVENT_OPEN_ARRAY) return false;
  const char *start = raw->ptr;
  unsigned outside = reader->depth - 1;
  while (reader->depth > outside) json_reader_next(reader, raw);
  *raw = slice_make(start, (size_t)(reader->text.ptr + reader->at - start));
  return true;
}

static bool member_seek(struct json_reader *reader, struct slice key) {
  struct slice raw;
  if (json_reader_next(reader, &raw) != JSON_EVENT_OPEN_OBJECT) return false;
  while (json_reader_next(reader, &raw) == JSON_EVENT_KEY) {
    if (json_string_is(raw, key)) return true;
    json_reader_value(reader, &raw);
  }
  return false;
}

static bool element_seek(struct json_reader *reader, long position) {
  struct slice raw;
  if (json_reader_next(reader, &raw) != JSON_EVENT_OPEN_ARRAY) return false;
  for (long i = 0; i < position; i++) {
    if (!json_reader_value(reader, &raw)) return false;
  }
  return true;
}

bool json_find(struct slice valid, const struct json_step *steps, size_t count, struct slice *value) {
  struct json_reader reader;
  json_reader_start(&reader, valid);
  for (size_t i = 0; i < count; i++) {
    bool found = steps[i].position < 0 ? member_seek(&reader, steps[i].key) : element_seek(&reader, steps[i].position);
    if (!found) return false;
  }
  struct slice raw;
  if (!json_reader_value(&reader, &raw)) return false;
  *value = raw;
  return true;
}
