// SPDX-License-Identifier: Apache-2.0
#include "telemetry/utf8.h"

static bool continues(struct slice text, size_t at) {
  return at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80;
}

size_t utf8_len(struct slice text) {
  if (text.len == 0) return 0;
  unsigned char first = (unsigned char)text.ptr[0];
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !continues(text, 1)) return 0;
  if (first < 0xe0) return 2;
  unsigned char second = (unsigned char)text.ptr[1];
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool surrogate = first == 0xed && second > 0x9f;
  bool beyond = first == 0xf4 && second > 0x8f;
  if (overlong || surrogate || beyond || !continues(text, 2)) return 0;
  if (first < 0xf0) return 3;
  return continues(text, 3) ? 4 : 0;
}
