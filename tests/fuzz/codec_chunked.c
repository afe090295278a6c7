// SPDX-License-Identifier: Apache-2.0
/* A chunked body decodes the same however it is split; what comes out never exceeds what went in. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/check.h"
#include "codec/chunked.h"

static const struct chunked_limits limits = {
    .chunks = 8, .extension = 16, .extensions_sum = 40, .trailers = 64, .trailer_fields = 4};

struct outcome {
  enum chunked_result result;
  size_t rest;
  struct buffer body; /* owned */
};

static enum chunked_result feed(struct chunked *chunked, struct slice bytes, struct buffer *body, size_t *used) {
  char *copy = malloc(bytes.len ? bytes.len : 1);
  REQUIRE(copy != NULL);
  if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
  struct slice input = {copy, bytes.len}, data;
  enum chunked_result result;
  while ((result = chunked_next(chunked, &limits, &input, &data)) == CHUNKED_DATA) {
    REQUIRE(data.len > 0 && data.ptr >= copy && data.ptr + data.len <= input.ptr);
    buffer_append_slice(body, data);
  }
  *used = bytes.len - input.len;
  free(copy);
  return result;
}

static struct outcome decode(struct slice text, size_t first, size_t piece) {
  struct outcome outcome = {.result = CHUNKED_NEED_MORE};
  struct chunked chunked;
  chunked_init(&chunked);
  for (size_t size = first; text.len > 0 && outcome.result == CHUNKED_NEED_MORE; size = piece) {
    size_t used;
    if (size > text.len) size = text.len;
    outcome.result = feed(&chunked, slice_make(text.ptr, size), &outcome.body, &used);
    REQUIRE(used == size || outcome.result != CHUNKED_NEED_MORE);
    text = slice_from(text, used);
  }
  outcome.rest = text.len;
  return outcome;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size > 600) return 0;
  struct slice text = {(const char *)data, size};
  struct outcome whole = decode(text, size, size);
  REQUIRE(whole.body.len <= size);
  for (size_t split = 1; split <= size; split++) {
    struct outcome other = decode(text, split, split < 4 ? split : size);
    REQUIRE(other.result == whole.result);
    REQUIRE(slice_equal(buffer_slice(&other.body), buffer_slice(&whole.body)));
    if (whole.result == CHUNKED_END) REQUIRE(other.rest == whole.rest);
    buffer_free(&other.body);
  }
  buffer_free(&whole.body);
  return 0;
}
