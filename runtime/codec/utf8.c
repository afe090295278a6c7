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
