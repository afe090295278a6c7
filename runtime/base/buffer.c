// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

void buffer_reserve(struct buffer *buffer, size_t more) {
  size_t wanted;
  REQUIRE(!__builtin_add_overflow(buffer->len, more, &wanted));
  if (wanted <= buffer->cap) return;
  size_t cap = buffer->cap ? buffer->cap * 2 : 256;
  if (cap < wanted) cap = wanted;
  char *data = realloc(buffer->data, cap);
  REQUIRE(data != NULL);
  buffer->data = data;
  buffer->cap = cap;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t len) {
  if (len == 0) return;
  buffer_reserve(buffer, len);
  memcpy(buffer->data + buffer->len, bytes, len);
  buffer->len += len;
}

void buffer_append_slice(struct buffer *buffer, struct slice bytes) {
  buffer_append(buffer, bytes.ptr, bytes.len);
}

void buffer_append_decimal(struct buffer *buffer, long long value) {
  char digits[24];
  size_t at = sizeof digits;
  unsigned long long rest = value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) digits[--at] = '-';
  buffer_append(buffer, digits + at, sizeof digits - at);
}

void buffer_append_format(struct buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  int len = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  REQUIRE(len >= 0);
  buffer_reserve(buffer, (size_t)len + 1);
  vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
  va_end(again);
  buffer->len += (size_t)len;
}

void buffer_consume(struct buffer *buffer, size_t count) {
  REQUIRE(count <= buffer->len);
  buffer->len -= count;
  if (buffer->len > 0) memmove(buffer->data, buffer->data + count, buffer->len);
}

void buffer_clear(struct buffer *buffer) {
  buffer->len = 0;
}

void buffer_free(struct buffer *buffer) {
  free(buffer->data);
  *buffer = (struct buffer){0};
}
