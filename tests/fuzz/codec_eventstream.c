// SPDX-License-Identifier: Apache-2.0
/* A stream says the same however it is split. The input is a recipe, else no fuzzer would ever meet a right checksum:
 * flags, a length, how much of it are headers, and the bytes. By the flags they become a message, its checksums right
 * or not, or go in as they are. */
#include <stdlib.h>

#include "base/check.h"
#include "codec/crc32.h"
#include "codec/splitter.h"

enum { LIMIT = 200, RAW = 1, WRONG_PRELUDE = 2, WRONG_END = 4, WRONG_LENGTH = 8 };

static void number_append(struct buffer *out, uint32_t number) {
  char bytes[4] = {(char)(number >> 24), (char)(number >> 16), (char)(number >> 8), (char)number};
  buffer_append(out, bytes, sizeof bytes);
}

static void message_append(struct buffer *out, struct slice bytes, size_t headers, unsigned flags) {
  struct buffer message = {0};
  number_append(&message, (uint32_t)(16 + bytes.len) ^ (flags & WRONG_LENGTH ? 0x40u : 0));
  number_append(&message, (uint32_t)headers);
  number_append(&message, crc32_of(buffer_slice(&message)) ^ (flags & WRONG_PRELUDE ? 1u : 0));
  buffer_append_slice(&message, bytes);
  number_append(&message, crc32_of(buffer_slice(&message)) ^ (flags & WRONG_END ? 1u : 0));
  buffer_append_slice(out, buffer_slice(&message));
  buffer_free(&message);
}

static struct buffer stream_make(struct slice recipe) {
  struct buffer out = {0};
  while (recipe.len >= 3) {
    unsigned flags = (unsigned char)recipe.ptr[0];
    size_t len = (unsigned char)recipe.ptr[1], headers = (unsigned char)recipe.ptr[2];
    recipe = slice_from(recipe, 3);
    if (len > recipe.len) len = recipe.len;
    if (flags & RAW)
      buffer_append(&out, recipe.ptr, len);
    else
      message_append(&out, slice_make(recipe.ptr, len), headers, flags);
    recipe = slice_from(recipe, len);
  }
  return out;
}

static enum splitter_result feed(struct splitter *splitter, struct slice bytes, struct buffer *told) {
  char *copy = malloc(bytes.len ? bytes.len : 1);
  REQUIRE(copy != NULL);
  if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
  splitter_feed(splitter, slice_make(copy, bytes.len));
  struct splitter_event event;
  enum splitter_result result;
  while ((result = splitter_next(splitter, &event)) == SPLITTER_EVENT) {
    REQUIRE(event.data.len <= LIMIT);
    buffer_append_format(told, "%zu,%zu:", event.name.len, event.data.len);
    buffer_append_slice(told, event.name);
    buffer_append_slice(told, event.data);
  }
  free(copy);
  return result;
}

static struct buffer told(enum framing framing, struct slice stream, size_t first, size_t piece) {
  struct splitter splitter;
  struct buffer out = {0};
  enum splitter_result result = SPLITTER_NEED_MORE;
  splitter_init(&splitter, framing, LIMIT);
  for (size_t size = first; stream.len > 0 && result == SPLITTER_NEED_MORE; size = piece) {
    if (size > stream.len) size = stream.len;
    result = feed(&splitter, slice_make(stream.ptr, size), &out);
    stream = slice_from(stream, size);
  }
  buffer_append_format(&out, "%d%d", result, result == SPLITTER_NEED_MORE && splitter_at_boundary(&splitter));
  splitter_free(&splitter);
  return out;
}

static void check(enum framing framing, struct slice stream) {
  struct buffer whole = told(framing, stream, stream.len, stream.len);
  for (size_t split = 1; split <= stream.len; split++) {
    struct buffer other = told(framing, stream, split, split < 4 ? split : stream.len);
    REQUIRE(slice_equal(buffer_slice(&whole), buffer_slice(&other)));
    buffer_free(&other);
  }
  buffer_free(&whole);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size > 600) return 0;
  struct slice recipe = {(const char *)data, size};
  struct buffer stream = stream_make(recipe);
  check(FRAMING_EVENTSTREAM, buffer_slice(&stream));
  check(FRAMING_NDJSON, recipe);
  buffer_free(&stream);
  return 0;
}
