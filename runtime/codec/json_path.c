// SPDX-License-Identifier: Apache-2.0
#include "codec/json_path.h"

#include "codec/json_scan.h"

/* ---- reading a path ---- */

/* A step in brackets, from behind the opening one. */
static const char *bracket_read(struct json_path_step *step, const char *p, const char *end) {
  if (p < end && *p == '"') {
    const char *close = memmem(p + 1, (size_t)(end - p) - 1, "\"]", 2);
    if (!close) return NULL;
    *step = (struct json_path_step){.key = slice_make(p + 1, (size_t)(close - p) - 1), .by_key = true};
    return close + 2;
  }
  bool negative = p < end && *p == '-';
  const char *digits = negative ? p + 1 : p, *close = memchr(digits, ']', (size_t)(end - digits));
  long long position;
  if (!close || close - digits > 9) return NULL;
  if (!slice_decimal(slice_make(digits, (size_t)(close - digits)), &position)) return NULL;
  if (negative && position == 0) return NULL;
  *step = (struct json_path_step){.position = (long)(negative ? -position : position)};
  return close + 1;
}

static const char *name_read(struct json_path_step *step, const char *p, const char *end) {
  const char *start = p;
  while (p < end && *p != '.' && *p != '[' && *p != ']' && *p != '"') p++;
  *step = (struct json_path_step){.key = slice_make(start, (size_t)(p - start)), .by_key = true};
  return p == start || (p < end && *p != '.' && *p != '[') ? NULL : p;
}

/* The next step, its dot or bracket included. */
static const char *step_read(struct json_path *path, const char *p, const char *end) {
  struct json_path_step *step = &path->steps[path->count++];
  if (*p == '[') return bracket_read(step, p + 1, end);
  if (path->count == 1) return name_read(step, p, end);
  return *p == '.' ? name_read(step, p + 1, end) : NULL;
}

const char *json_path_parse(struct json_path *path, struct slice text) {
  const char *p = text.ptr, *end = p + text.len;
  path->count = 0;
  while (p < end) {
    if (path->count == JSON_PATH_MAX) return "a path has more than 64 steps";
    p = step_read(path, p, end);
    if (!p) return "not a path such as messages[0].content or metadata[\"a.b\"]";
  }
  return NULL;
}

/* ---- following it ---- */

static size_t offset_of(const struct json_reader *reader, struct slice raw) {
  return (size_t)(raw.ptr - reader->text.ptr);
}

static bool stop(struct json_place *place, enum json_stop why, size_t at) {
  place->stop = why;
  place->at = at;
  return false;
}

/* Moves to the value of `key`, of the object that has just been opened. */
static bool key_seek(struct json_reader *reader, struct slice key, struct json_place *place) {
  struct slice raw;
  while (json_reader_next(reader, &raw) == JSON_EVENT_KEY) {
    place->start = offset_of(reader, raw);
    if (json_string_is(raw, key)) return true;
    json_reader_value(reader, &raw);
    place->before = reader->at;
  }
  place->empty = place->before == 0;
  return stop(place, JSON_STOP_ABSENT, reader->at - 1);
}

static long length_of(struct json_reader reader) {
  struct slice raw;
  long length = 0;
  while (json_reader_value(&reader, &raw)) length++;
  return length;
}

/* Moves to the element at `position`, of the array that has just been opened. */
static bool position_seek(struct json_reader *reader, long position, struct json_place *place) {
  struct slice raw;
  if (position < 0) position += length_of(*reader);
  long at = 0;
  for (; reader->text.ptr[place->start = json_reader_peek(reader)] != ']'; at++) {
    if (at == position) return true;
    json_reader_value(reader, &raw);
    place->before = reader->at;
  }
  place->empty = at == 0;
  place->length = at;
  return stop(place, JSON_STOP_ABSENT, place->start);
}

static bool step_take(struct json_reader *reader, const struct json_path_step *step, struct json_place *place) {
  size_t at = json_reader_peek(reader);
  char bracket = reader->text.ptr[at];
  struct slice raw;
  place->before = 0;
  if (step->by_key && bracket != '{') return stop(place, JSON_STOP_NOT_OBJECT, at);
  if (!step->by_key && bracket != '[') return stop(place, JSON_STOP_NOT_ARRAY, at);
  json_reader_next(reader, &raw);
  return step->by_key ? key_seek(reader, step->key, place) : position_seek(reader, step->position, place);
}

bool json_path_find(struct slice valid, const struct json_path *path, struct json_place *place) {
  struct json_reader reader;
  json_reader_start(&reader, valid);
  *place = (struct json_place){.stop = JSON_STOP_FOUND};
  for (; place->steps < path->count; place->steps++) {
    if (!step_take(&reader, &path->steps[place->steps], place)) return false;
  }
  if (path->count == 0) place->start = json_reader_peek(&reader);
  json_reader_value(&reader, &place->value);
  place->end = reader.at;
  size_t next = json_reader_peek(&reader);
  if (next < valid.len && !strchr("]}", valid.ptr[next])) place->next = next;
  return true;
}
