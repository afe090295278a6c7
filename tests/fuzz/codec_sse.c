// SPDX-License-Identifier: Apache-2.0
/* A stream says the same however it is split, and its raw bytes are the stream's. */
#include <stdlib.h>

#include "base/check.h"
#include "codec/sse.h"

enum { LIMIT = 64 };

static void event_append(struct buffer *out, const struct sse_event *event) {
  REQUIRE(event->raw.len > 0 && event->raw.len <= LIMIT);
  REQUIRE(event->has_data || event->data.len == 0);
  buffer_append_format(out, "%zu,%zu,%d,%zu:", event->raw.len, event->name.len, event->has_data, event->data.len);
  buffer_append_slice(out, event->raw);
  buffer_append_slice(out, event->name);
  buffer_append_slice(out, event->data);
}

/* Feeds a private copy, freed before the next feeding: a slice kept too long is seen by the sanitizer. */
static enum sse_result feed(struct sse *sse, struct slice bytes, struct buffer *told, struct buffer *raw) {
  char *copy = malloc(bytes.len ? bytes.len : 1);
  REQUIRE(copy != NULL);
  if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
  sse_feed(sse, slice_make(copy, bytes.len));
  struct sse_event event;
  enum sse_result result;
  while ((result = sse_next(sse, &event)) == SSE_EVENT) {
    event_append(told, &event);
    buffer_append_slice(raw, event.raw);
  }
  free(copy);
  return result;
}

static struct buffer told(struct slice stream, size_t first, size_t piece, struct buffer *raw) {
  struct sse sse;
  struct buffer out = {0};
  enum sse_result result = SSE_NEED_MORE;
  sse_init(&sse, LIMIT);
  for (size_t size = first; stream.len > 0 && result == SSE_NEED_MORE; size = piece) {
    if (size > stream.len) size = stream.len;
    result = feed(&sse, slice_make(stream.ptr, size), &out, raw);
    stream = slice_from(stream, size);
  }
  buffer_append_format(&out, "%d%d", result, result == SSE_NEED_MORE && sse_at_boundary(&sse));
  sse_free(&sse);
  return out;
}

/* The raw bytes are the stream without blank lines between blocks: in order, nothing made up. */
static void raw_check(struct slice stream, struct slice raw) {
  size_t at = 0;
  for (size_t i = 0; i < raw.len; i++, at++) {
    while (at < stream.len && stream.ptr[at] != raw.ptr[i]) at++;
    REQUIRE(at < stream.len);
  }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size > 600) return 0;
  struct slice stream = {(const char *)data, size};
  struct buffer raw = {0};
  struct buffer whole = told(stream, size, size, &raw);
  raw_check(stream, buffer_slice(&raw));
  for (size_t split = 1; split <= size; split++) {
    struct buffer ignored = {0};
    struct buffer other = told(stream, split, split < 4 ? split : size, &ignored);
    REQUIRE(slice_equal(buffer_slice(&whole), buffer_slice(&other)));
    buffer_free(&other);
    buffer_free(&ignored);
  }
  buffer_free(&whole);
  buffer_free(&raw);
  return 0;
}
