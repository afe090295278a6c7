// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/slice.h"

/* What the bytes of a text ask for before it may stand in a log line. */
enum text_class {
  TEXT_ESCAPE = 1, /* control characters, quote, backslash, everything that is not ASCII */
  TEXT_ANCHOR = 2  /* a byte that every shape of secret has one of: see redact_shapes.c */
};

extern const unsigned char text_class_table[256];

static inline unsigned text_class_of(char byte) {
  return text_class_table[(unsigned char)byte];
}

/* The classes of all its bytes, together. */
static inline unsigned text_classes(struct slice text) {
  unsigned seen = 0;
  for (size_t i = 0; i < text.len; i++) seen |= text_class_of(text.ptr[i]);
  return seen;
}
