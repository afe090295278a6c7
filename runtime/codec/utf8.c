// SPDX-License-Identifier: Apache-2.0
#include "codec/utf8.h"

#include "codec/scan.h"

bool utf8_valid(struct slice bytes) {
  const char *p = bytes.ptr;
  const char *end = p + bytes.len;
  while ((p = scan_beyond_ascii(p, end)) < end) {
    const char *after = utf8_run(p, end);
    if (after == p) return false;
    p = after;
  }
  return true;
}

/* Length of the sequence that begins with `lead`; 1 for what begins none. */
static size_t length_of(unsigned char lead) {
  if (lead < 0xc2 || lead > 0xf4) return 1;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* True when `len` bytes at `p` can still become a well-formed sequence: it is one with bytes of some kind behind. */
static bool can_grow(const char *p, size_t len) {
  char whole[4];
  memcpy(whole, p, len);
  for (unsigned last = 0x80; last <= 0xbf; last++) {
    memset(whole + len, len == 1 ? (int)last : 0x80, 4 - len);
    if (utf8_sequence(whole, whole + length_of((unsigned char)p[0])) > 0) return true;
  }
  return false;
}

/* The half of a surrogate pair in three bytes: its number, or 0. */
static unsigned surrogate_at(const char *p) {
  const unsigned char *b = (const unsigned char *)p;
  if (b[0] != 0xed || b[1] < 0xa0 || b[1] > 0xbf || (b[2] & 0xc0) != 0x80) return 0;
  return 0xd000U | (unsigned)(b[1] & 0x3f) << 6 | (b[2] & 0x3f);
}

static bool is_high(unsigned half) {
  return half >= 0xd800 && half < 0xdc00;
}

size_t utf8_unfinished(struct slice bytes) {
  if (bytes.len >= 3 && is_high(surrogate_at(bytes.ptr + bytes.len - 3))) return 3;
  for (size_t len = 1; len < 4 && len <= bytes.len; len++) {
    const char *p = bytes.ptr + bytes.len - len;
    if ((*p & 0xc0) == 0x80) continue;
    return len < length_of((unsigned char)*p) && can_grow(p, len) ? len : 0;
  }
  return 0;
}

unsigned utf8_pair(struct slice first, struct slice second) {
  if (first.len < 3 || second.len < 3) return 0;
  unsigned high = surrogate_at(first.ptr + first.len - 3), low = surrogate_at(second.ptr);
  if (!is_high(high) || low < 0xdc00) return 0;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}
