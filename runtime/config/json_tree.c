// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"
#include "codec/json.h"
#include "config/builder.h"

/* JSON by the codec's validator and reader: a configuration in JSON obeys the limits of a request. */

struct source {
  struct slice text;
  size_t from; /* how far `place` has come */
  struct place place;
  struct buffer word; /* owned: the decoded string at hand */
};

static struct place place_at(struct source *source, size_t offset) {
  place_advance(source->text, offset, &source->from, &source->place);
  return source->place;
}

static struct place place_of(struct source *source, struct slice raw) {
  return place_at(source, (size_t)(raw.ptr - source->text.ptr));
}

static struct slice string_of(struct source *source, struct slice raw) {
  buffer_clear(&source->word);
  json_string_decode(raw, &source->word);
  return buffer_slice(&source->word);
}

static bool take_scalar(struct builder *builder, struct source *source, struct slice raw) {
  struct place place = place_of(source, raw);
  enum json_type type = json_type_of(raw);
  if (type == JSON_STRING) return builder_scalar(builder, string_of(source, raw), true, false, place);
  return builder_scalar(builder, raw, false, type == JSON_NULL, place);
}

/* False when reading must stop or is over. */
static bool take_event(struct builder *builder, struct source *source, struct json_reader *reader) {
  struct slice raw = {0};
  switch (json_reader_next(reader, &raw)) {
    case JSON_EVENT_OPEN_OBJECT:
      return builder_open(builder, TREE_MAP, place_at(source, reader->at - 1));
    case JSON_EVENT_OPEN_ARRAY:
      return builder_open(builder, TREE_LIST, place_at(source, reader->at - 1));
    case JSON_EVENT_CLOSE_OBJECT:
    case JSON_EVENT_CLOSE_ARRAY:
      builder_close(builder);
      return true;
    case JSON_EVENT_KEY: {
      struct place place = place_of(source, raw);
      return builder_key(builder, string_of(source, raw), place);
    }
    case JSON_EVENT_SCALAR:
      return take_scalar(builder, source, raw);
    default:
      return false;
  }
}

/* Reads the events that begin before `end`: the whole text, or what is valid of it. */
static void read_events(struct builder *builder, struct source *source, size_t end) {
  struct json_reader reader;
  json_reader_start(&reader, source->text);
  while (reader.at < end && take_event(builder, source, &reader)) continue;
}

/* The validator names the second of two equal keys; the builder knows the line of the first. */
static void duplicate_explain(struct builder *builder, struct slice text, const struct json_fault *fault) {
  struct source source = {.text = text, .place = {1, 1}};
  read_events(builder, &source, fault->offset + 1);
  buffer_free(&source.word);
}

static void fault_explain(struct builder *builder, struct slice text, const struct json_fault *fault) {
  if (slice_equal(slice_text(fault->reason), SLICE_LITERAL("duplicate key"))) duplicate_explain(builder, text, fault);
  if (builder->faults->count > 0) return;
  struct source source = {.text = text, .place = {1, 1}};
  fault_add(builder->faults, place_at(&source, fault->offset), "JSON: %s", fault->reason);
}

static bool blank(struct slice text) {
  for (size_t i = 0; i < text.len; i++) {
    if (!memchr(" \t\r\n", text.ptr[i], 4)) return false;
  }
  return true;
}

struct tree *tree_parse_json(struct slice text, struct arena *arena, struct tree_faults *faults) {
  faults->count = 0;
  if (!builder_text_check(text, faults)) return NULL;
  struct builder builder = {.arena = arena, .faults = faults};
  struct json_fault fault = {0};
  bool whole = true;
  if (blank(text)) {
    builder_scalar(&builder, slice_make(NULL, 0), false, true, (struct place){1, 1});
  } else if (json_validate(text, &json_limits_default, &fault) < 0) {
    whole = false;
    fault_explain(&builder, text, &fault);
  } else {
    struct source source = {.text = text, .place = {1, 1}};
    read_events(&builder, &source, text.len);
    buffer_free(&source.word);
    whole = builder.depth == 0;
  }
  builder_free(&builder);
  return whole ? builder.root : NULL;
}
