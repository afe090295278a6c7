// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* Well-formed UTF-8 as table 3-7 of the Unicode Standard has it: no overlong forms, no surrogates, nothing above
 * U+10FFFF. */

/* Length of the well-formed sequence at `p` (p < end, first byte not ASCII); 0 when there is none. */
static inline size_t utf8_sequence(const char *p, const char *end) {
  const unsigned char *b = (const unsigned char *)p;
  size_t left = (size_t)(end - p);
  if (b[0] < 0xe0) return b[0] >= 0xc2 && left >= 2 && (b[1] & 0xc0) == 0x80 ? 2 : 0;
  if (left < 3 || (b[1] & 0xc0) != 0x80 || (b[2] & 0xc0) != 0x80) return 0;
  if (b[0] < 0xf0) {
    if (b[0] == 0xe0) return b[1] >= 0xa0 ? 3 : 0;
    if (b[0] == 0xed) return b[1] < 0xa0 ? 3 : 0;
    return 3;
  }
  if (left < 4 || (b[3] & 0xc0) != 0x80) return 0;
  if (b[0] == 0xf0) return b[1] >= 0x90 ? 4 : 0;
  if (b[0] == 0xf4) return b[1] < 0x90 ? 4 : 0;
  return b[0] < 0xf4 ? 4 : 0;
}

/* The first byte that is ASCII or begins no well-formed sequence. */
static inline const char *utf8_run(const char *p, const char *end) {
  while (p < end && (signed char)*p < 0) {
    size_t len = utf8_sequence(p, end);
    if (len == 0) break;
    p += len;
  }
  return p;
}

bool utf8_valid(struct slice bytes);

/* How many bytes at the end of a text that goes on elsewhere must wait for what follows: those of a sequence that is
 * not whole, or the three of a surrogate pair's first half. */
size_t utf8_unfinished(struct slice bytes);

/* The character that the halves at the end of `first` and the beginning of `second` make (three bytes each), or 0. */
unsigned utf8_pair(struct slice first, struct slice second);

/* Writes the UTF-8 form of `code` (a scalar value, at most U+10FFFF); returns its length, 1 to 4. */
static inline size_t utf8_write(char *out, unsigned code) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
  }
  out[0] = (char)(0xf0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 0x3f));
  out[2] = (char)(0x80 | (code >> 6 & 0x3f));
  out[3] = (char)(0x80 | (code & 0x3f));
  return 4;
}
