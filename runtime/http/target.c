// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

enum { HOST_MAX = 255, PORT_DIGITS = 5 };

/* 0x21 to 0x7e without " # < > \ ^ ` { | } */
static const bool target_bytes[256] = {
    [0x21] = true, [0x24 ... 0x3b] = true, [0x3d] = true,          [0x3f ... 0x5b] = true,
    [0x5d] = true, [0x5f] = true,          [0x61 ... 0x7a] = true, [0x7e] = true,
};

/* Where the percent-decoded bytes stand inside a UTF-8 sequence. */
struct sequence {
  unsigned left;             /* continuation bytes still to come */
  unsigned char first, last; /* what the next one may be: overlong forms and surrogates have a narrower range */
};

static bool sequence_start(struct sequence *sequence, unsigned char c) {
  *sequence = (struct sequence){0, 0x80, 0xbf};
  if (c < 0x80) return true;
  if (c < 0xc2 || c > 0xf4) return false;
  sequence->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
  if (c == 0xe0) sequence->first = 0xa0;
  if (c == 0xed) sequence->last = 0x9f;
  if (c == 0xf0) sequence->first = 0x90;
  if (c == 0xf4) sequence->last = 0x8f;
  return true;
}

static bool sequence_next(struct sequence *sequence, unsigned char c) {
  if (sequence->left == 0) return sequence_start(sequence, c);
  if (c < sequence->first || c > sequence->last) return false;
  *sequence = (struct sequence){sequence->left - 1, 0x80, 0xbf};
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The byte that the %HH at `at` stands for, -1 when it is malformed or may not be in a target. */
static int escape_decode(struct slice target, size_t at) {
  if (target.len - at < 3) return -1;
  int high = hex_digit(target.ptr[at + 1]), low = hex_digit(target.ptr[at + 2]);
  if (high < 0 || low < 0) return -1;
  int byte = high * 16 + low;
  return byte == 0x00 || byte == 0x0a || byte == 0x0d ? -1 : byte;
}

static bool bytes_valid(struct slice target) {
  struct sequence sequence = {0, 0x80, 0xbf};
  for (size_t at = 0; at < target.len;) {
    int byte = (unsigned char)target.ptr[at];
    if (!target_bytes[byte]) return false;
    bool escaped = byte == '%';
    if (escaped) byte = escape_decode(target, at);
    if (byte < 0 || !sequence_next(&sequence, (unsigned char)byte)) return false;
    at += escaped ? 3 : 1;
  }
  return sequence.left == 0;
}

static struct slice slice_until(struct slice bytes, char stop) {
  const char *at = bytes.len ? memchr(bytes.ptr, stop, bytes.len) : NULL;
  return at ? slice_make(bytes.ptr, (size_t)(at - bytes.ptr)) : bytes;
}

/* Takes "http://authority" off an absolute form; what is left begins with '/', '?' or nothing. */
static bool authority_take(struct slice *target, struct slice *authority) {
  static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    if (!slice_equal_caseless(slice_make(target->ptr, target->len < schemes[i].len ? 0 : schemes[i].len), schemes[i])) {
      continue;
    }
    struct slice rest = slice_from(*target, schemes[i].len);
    *authority = slice_until(slice_until(rest, '/'), '?');
    *target = slice_from(rest, authority->len);
    return authority->len > 0;
  }
  return false;
}

static bool query_within(struct slice query, unsigned parameters) {
  if (query.len == 0) return true;
  unsigned count = 1;
  for (size_t i = 0; i < query.len; i++) count += query.ptr[i] == '&';
  return count <= parameters;
}

enum http_refusal http_target_parse(struct slice target, bool asterisk, unsigned query_parameters,
                                    struct http_target *out) {
  *out = (struct http_target){0};
  if (target.len == 0 || !bytes_valid(target)) return HTTP_BAD_REQUEST;
  if (slice_equal(target, SLICE_LITERAL("*"))) {
    out->path = target;
    return asterisk ? HTTP_ACCEPTED : HTTP_BAD_REQUEST;
  }
  if (target.ptr[0] != '/' && !authority_take(&target, &out->authority)) return HTTP_BAD_REQUEST;
  out->path = slice_until(target, '?');
  out->query = slice_from(target, out->path.len + 1);
  if (out->path.len == 0) out->path = SLICE_LITERAL("/");
  return query_within(out->query, query_parameters) ? HTTP_ACCEPTED : HTTP_BAD_REQUEST;
}

static bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t name_length(struct slice host) {
  size_t len = 0;
  while (len < host.len && (is_alnum(host.ptr[len]) || (host.ptr[len] != 0 && strchr("-._~", host.ptr[len])))) len++;
  return len;
}

/* "[...]" around hexadecimal digits, colons and dots: enough to keep everything else out. */
static size_t bracket_length(struct slice host) {
  size_t at = 1;
  while (at < host.len && (hex_digit(host.ptr[at]) >= 0 || host.ptr[at] == ':' || host.ptr[at] == '.')) at++;
  return at >= 4 && at < host.len && host.ptr[at] == ']' ? at + 1 : 0;
}

static bool port_valid(struct slice port) {
  long long value;
  return port.len <= PORT_DIGITS && slice_decimal(port, &value) && value <= 65535;
}

bool http_host_valid(struct slice host) {
  if (host.len == 0 || host.len > HOST_MAX) return false;
  size_t len = host.ptr[0] == '[' ? bracket_length(host) : name_length(host);
  if (len == 0) return false;
  if (len == host.len) return true;
  return host.ptr[len] == ':' && port_valid(slice_from(host, len + 1));
}
