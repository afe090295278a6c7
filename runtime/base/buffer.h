// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/slice.h"

/* Growable bytes. Owns `data`; zero-initialised is empty and valid. Aborts the process when memory is gone:
 * sizes are bounded by limits before bytes arrive here. */
struct buffer {
  char *data;
  size_t len;
  size_t cap;
};

/* Makes room for `more` further bytes. */
void buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const void *bytes, size_t len);
void buffer_append_slice(struct buffer *buffer, struct slice bytes);
void buffer_append_decimal(struct buffer *buffer, long long value);
void buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `count` bytes (moves the rest to the front). */
void buffer_consume(struct buffer *buffer, size_t count);

/* Keeps the memory, forgets the bytes. */
void buffer_clear(struct buffer *buffer);

/* Gives the memory back; the buffer is empty and valid again. */
void buffer_free(struct buffer *buffer);

static inline struct slice buffer_slice(const struct buffer *buffer) {
  return (struct slice){buffer->data, buffer->len};
}
