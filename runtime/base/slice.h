// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Bytes that somebody else owns. Never NUL-terminated by contract; an empty slice may have a null pointer. */
struct slice {
  const char *ptr;
  size_t len;
};

#define SLICE_LITERAL(text) ((struct slice){"" text, sizeof(text) - 1})

static inline struct slice slice_make(const char *ptr, size_t len) {
  return (struct slice){ptr, len};
}

/* `text` must be NUL-terminated: for our own literals and configuration strings only, never for a peer's bytes. */
static inline struct slice slice_text(const char *text) {
  return (struct slice){text, text ? strlen(text) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_starts(struct slice a, struct slice prefix) {
  return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

/* The rest of `a` from byte `from` on; empty when `from` is past the end. */
static inline struct slice slice_from(struct slice a, size_t from) {
  return from >= a.len ? (struct slice){a.ptr ? a.ptr + a.len : NULL, 0} : (struct slice){a.ptr + from, a.len - from};
}

/* ASCII case-insensitive equality: header names, tokens. */
bool slice_equal_caseless(struct slice a, struct slice b);

/* Without leading and trailing SP and HTAB. */
struct slice slice_trim(struct slice a);

/* Parses 1 to 18 decimal digits and nothing else. Returns false on anything else. */
bool slice_decimal(struct slice a, long long *out);
