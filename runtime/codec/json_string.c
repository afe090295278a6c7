// SPDX-License-Identifier: Apache-2.0
#include "codec/json_scan.h"
#include "codec/scan.h"
#include "codec/utf8.h"

static unsigned hex_digit(char c) {
  return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

static unsigned hex_four(const char *p) {
  return hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 | hex_digit(p[2]) << 4 | hex_digit(p[3]);
}

/* Resolves the `\u` escape at `*p` and moves behind it. A half of a surrogate pair without the other stays one. */
static unsigned unicode_read(const char **p, const char *end) {
  unsigned code = hex_four(*p + 2);
  *p += 6;
  if (code < 0xd800 || code > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') return code;
  unsigned low = hex_four(*p + 2);
  if (low < 0xdc00 || low > 0xdfff) return code;
  *p += 6;
  return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static char short_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter; /* the quote, the backslash and the slash stand for themselves */
  }
}

size_t json_unescape(char *out, struct slice content) {
  char *to = out;
  const char *p = content.ptr;
  const char *end = p + content.len;
  while (p < end) {
    const char *escape = memchr(p, '\\', (size_t)(end - p));
    size_t plain = (size_t)((escape ? escape : end) - p);
    memcpy(to, p, plain);
    to += plain;
    if (!escape) break;
    if (escape[1] == 'u') {
      to += utf8_write(to, unicode_read(&escape, end));
    } else {
      *to++ = short_escape(escape[1]);
      escape += 2;
    }
    p = escape;
  }
  return (size_t)(to - out);
}

static struct slice content_of(struct slice raw) {
  return slice_make(raw.ptr + 1, raw.len - 2);
}

void json_string_decode(struct slice raw, struct buffer *out) {
  buffer_reserve(out, raw.len);
  out->len += json_string_decode_into(out->data + out->len, raw);
}

size_t json_string_decode_into(char *out, struct slice raw) {
  return json_unescape(out, content_of(raw));
}

bool json_string_plain(struct slice raw, struct slice *out) {
  struct slice content = content_of(raw);
  if (content.len > 0 && memchr(content.ptr, '\\', content.len)) return false;
  *out = content;
  return true;
}

bool json_unicode_escaped(struct slice text) {
  return scan_pair(text.ptr, text.ptr + text.len, '\\', 'u') < text.ptr + text.len;
}

/* Whether an odd number of backslashes is before `quote`. */
static bool is_escaped(const char *start, const char *quote) {
  const char *p = quote;
  while (p > start && p[-1] == '\\') p--;
  return (quote - p) & 1;
}

/* From quote to quote, since texts have more escapes than quotes. */
const char *json_string_end(const char *p, const char *end) {
  const char *quote = scan_either(p, end, '"', '"');
  while (quote < end && is_escaped(p, quote)) quote = scan_either(quote + 1, end, '"', '"');
  return quote + 1;
}

bool json_string_is(struct slice raw, struct slice text) {
  struct slice plain;
  if (json_string_plain(raw, &plain)) return slice_equal(plain, text);
  if (raw.len - 2 < text.len) return false; /* decoding never lengthens */
  struct buffer decoded = {0};
  json_string_decode(raw, &decoded);
  bool same = slice_equal(buffer_slice(&decoded), text);
  buffer_free(&decoded);
  return same;
}

static void control_encode(struct buffer *out, unsigned char c) {
  static const char letters[32] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
  static const char hex[] = "0123456789abcdef";
  if (letters[c]) {
    buffer_append(out, (char[]){'\\', letters[c]}, 2);
  } else {
    buffer_append(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
  }
}

/* Appends what must not stand as it is at `p`; returns the place behind it. */
static const char *special_encode(struct buffer *out, const char *p, const char *end) {
  if (*p == '"' || *p == '\\') {
    buffer_append(out, (char[]){'\\', *p}, 2);
    return p + 1;
  }
  if ((signed char)*p >= 0) {
    control_encode(out, (unsigned char)*p);
    return p + 1;
  }
  const char *after = utf8_run(p, end);
  if (after == p) {
    buffer_append(out, "\xef\xbf\xbd", 3);
    return p + 1;
  }
  buffer_append(out, p, (size_t)(after - p));
  return after;
}

void json_string_encode(struct buffer *out, struct slice bytes) {
  const char *p = bytes.ptr;
  const char *end = p + bytes.len;
  buffer_reserve(out, bytes.len + 2);
  buffer_append(out, "\"", 1);
  while (p < end) {
    const char *stop = scan_string_stop(p, end);
    buffer_append(out, p, (size_t)(stop - p));
    p = stop < end ? special_encode(out, stop, end) : stop;
  }
  buffer_append(out, "\"", 1);
}

enum json_type json_type_of(struct slice raw) {
  switch (raw.ptr[0]) {
    case 'n':
      return JSON_NULL;
    case 'f':
      return JSON_FALSE;
    case 't':
      return JSON_TRUE;
    case '"':
      return JSON_STRING;
    case '[':
      return JSON_ARRAY;
    case '{':
      return JSON_OBJECT;
    default:
      return JSON_NUMBER;
  }
}
