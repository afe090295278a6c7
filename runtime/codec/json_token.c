// SPDX-License-Identifier: Apache-2.0
#include "codec/json_scan.h"
#include "codec/scan.h"
#include "codec/utf8.h"

/* The value of four hexadecimal digits, or -1. */
static int hex_read(const char *p, const char *end) {
  if (end - p < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; i++) {
    unsigned char c = (unsigned char)p[i];
    unsigned digit = c - '0';
    if (digit > 9) {
      digit = (c | 0x20U) - 'a' + 10U;
      if (digit < 10 || digit > 15) return -1;
    }
    value = value << 4 | (int)digit;
  }
  return value;
}

/* Behind the `\u` escape at `p`, both halves of a surrogate pair taken together. */
static const char *unicode_check(struct json_scan *scan, const char *p) {
  int code = hex_read(p + 2, scan->end);
  if (code < 0) return json_scan_fail(scan, p, "bad \\u escape in a string");
  if (code < 0xd800 || code > 0xdfff) return p + 6;
  if (code < 0xdc00 && scan->end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
    int low = hex_read(p + 8, scan->end);
    if (low >= 0xdc00 && low <= 0xdfff) return p + 12;
  }
  return scan->limits->lenient ? p + 6 : json_scan_fail(scan, p, "lone surrogate in a string");
}

static const char *escape_check(struct json_scan *scan, const char *p) {
  if (scan->end - p < 2) return json_scan_fail(scan, scan->end, "unexpected end");
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return p + 2;
    case 'u':
      return unicode_check(scan, p);
    default:
      return json_scan_fail(scan, p, "bad escape in a string");
  }
}

const char *json_scan_string(struct json_scan *scan, const char *p, bool *escaped) {
  const char *end = scan->end;
  for (;;) {
    p = scan_string_stop(p, end);
    if (p == end) return json_scan_fail(scan, p, "unexpected end");
    if (*p == '"') return p + 1;
    if (*p == '\\') {
      *escaped = true;
      if (!(p = escape_check(scan, p))) return NULL;
    } else {
      if ((unsigned char)*p < 0x20) return json_scan_fail(scan, p, "control character in a string");
      const char *after = utf8_run(p, end);
      if (after == p && !scan->limits->lenient) return json_scan_fail(scan, p, "not valid UTF-8");
      p = after == p ? p + 1 : after;
    }
  }
}

static inline const char *digits_skip(const char *p, const char *end) {
  while (p < end && (unsigned)(*p - '0') <= 9) p++;
  return p;
}

/* Behind one digit or more; null when there is none. */
static inline const char *digits_check(const char *p, const char *end) {
  const char *after = digits_skip(p, end);
  return after == p ? NULL : after;
}

static const char *number_end(const char *p, const char *end) {
  if (p < end && *p == '-') p++;
  p = p < end && *p == '0' ? p + 1 : digits_check(p, end);
  if (p && p < end && *p == '.') p = digits_check(p + 1, end);
  if (p && p < end && (*p | 0x20) == 'e') {
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    p = digits_check(p, end);
  }
  return p;
}

const char *json_scan_number(struct json_scan *scan, const char *p) {
  if (*p != '-' && (unsigned)(*p - '0') > 9) return json_scan_fail(scan, p, "not a JSON value");
  const char *after = number_end(p, scan->end);
  if (!after) return json_scan_fail(scan, p, "bad number");
  if ((size_t)(after - p) > scan->limits->number_len) return json_scan_fail(scan, p, "number too long");
  return after;
}
