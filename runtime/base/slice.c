// SPDX-License-Identifier: Apache-2.0
#include "base/slice.h"

static unsigned char ascii_lower(unsigned char c) {
  return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool slice_equal_caseless(struct slice a, struct slice b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++) {
    if (ascii_lower((unsigned char)a.ptr[i]) != ascii_lower((unsigned char)b.ptr[i])) return false;
  }
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice a) {
  while (a.len > 0 && is_blank(a.ptr[0])) a = slice_from(a, 1);
  while (a.len > 0 && is_blank(a.ptr[a.len - 1])) a.len--;
  return a;
}

bool slice_decimal(struct slice a, long long *out) {
  if (a.len == 0 || a.len > 18) return false;
  long long value = 0;
  for (size_t i = 0; i < a.len; i++) {
    if (a.ptr[i] < '0' || a.ptr[i] > '9') return false;
    value = value * 10 + (a.ptr[i] - '0');
  }
  *out = value;
  return true;
}
