// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_line.h"

#include <math.h>
#include <stdio.h>

#include "telemetry/text_class.h"
#include "telemetry/utf8.h"

static const char ending[] = ",\"truncated\":true}\n";

/* Fields stop here, so that a string can always be closed and the line ended. */
enum { LINE_ROOM = LOG_LINE_SIZE - 1 - ((int)sizeof ending - 1) };

/* A key has at most 64 bytes; with `,"":`. */
enum { KEY_ROOM = 68, LOOKED_AT = 2 * LOG_LINE_SIZE };

static size_t room(const struct log_line *line) {
  return line->len < LINE_ROOM ? LINE_ROOM - line->len : 0;
}

/* Whole or not at all. */
static bool put(struct log_line *line, const void *bytes, size_t len) {
  if (len > room(line)) {
    line->truncated = true;
    return false;
  }
  memcpy(line->bytes + line->len, bytes, len);
  line->len += len;
  return true;
}

static bool put_escape(struct log_line *line, unsigned char byte) {
  static const char digits[] = "0123456789abcdef";
  static const char named[] = "\"\"\\\\\nn\rr\tt\bb\ff";
  for (size_t i = 0; i + 1 < sizeof named; i += 2) {
    if ((unsigned char)named[i] == byte) return put(line, (char[2]){'\\', named[i + 1]}, 2);
  }
  return put(line, (char[6]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
}

/* The one character that `text` begins with, as a JSON string has it. Returns its length, 0 when the line is full. */
static size_t put_character(struct log_line *line, struct slice text) {
  unsigned char first = (unsigned char)text.ptr[0];
  if (first < 0x80) return put_escape(line, first) ? 1 : 0;
  size_t len = utf8_len(text);
  if (len == 0) return put(line, UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1) ? 1 : 0;
  return put(line, text.ptr, len) ? len : 0;
}

/* False when the line is full. */
static bool put_plain(struct log_line *line, struct slice text) {
  size_t fits = text.len < room(line) ? text.len : room(line);
  if (fits > 0) put(line, text.ptr, fits);
  if (fits < text.len) line->truncated = true;
  return fits == text.len;
}

/* The inside of a JSON string. False when the line is full. */
static bool put_escaped(struct log_line *line, struct slice text) {
  for (size_t at = 0; at < text.len;) {
    size_t plain = at;
    while (plain < text.len && !(text_class_of(text.ptr[plain]) & TEXT_ESCAPE)) plain++;
    if (!put_plain(line, slice_make(text.ptr + at, plain - at))) return false;
    if (plain == text.len) return true;
    size_t len = put_character(line, slice_from(text, plain));
    if (len == 0) return false;
    at = plain + len;
  }
  return true;
}

/* Text with secrets in its first `limit` bytes: of a huge value only those are looked at, enough to fill a line even
 * should the secrets shrink to their labels. One across that edge is still seen whole. */
static void put_redacted(struct log_line *line, struct slice text, size_t limit) {
  struct redact_walk walk;
  struct redact_match match;
  size_t at = 0;
  redact_walk_start(&walk, line->redactor, text, limit);
  while (redact_walk_next(&walk, &match)) {
    put_escaped(line, slice_make(text.ptr + at, match.at - at));
    struct redact_label label = redact_label(&match);
    for (int i = 0; i < 3; i++) put_escaped(line, label.parts[i]);
    at = match.at + match.len;
  }
  if (at < limit) put_escaped(line, slice_make(text.ptr + at, limit - at));
}

static void put_text(struct log_line *line, struct slice text) {
  size_t limit = text.len < LOOKED_AT ? text.len : LOOKED_AT;
  unsigned classes = text_classes(slice_make(text.ptr, limit));
  if (limit < text.len) line->truncated = true;
  if (redact_suspects(line->redactor, text, limit, classes)) {
    put_redacted(line, text, limit);
  } else if (classes & TEXT_ESCAPE) {
    put_escaped(line, slice_make(text.ptr, limit));
  } else {
    put_plain(line, slice_make(text.ptr, limit));
  }
}

/* `,"key":` when that and a value of `value_len` bytes surely fit. */
static bool put_key(struct log_line *line, const char *key, size_t value_len) {
  if (KEY_ROOM + value_len > room(line)) {
    line->truncated = true;
    return false;
  }
  char *at = line->bytes + line->len, *end = at + KEY_ROOM - 2;
  *at++ = ',';
  *at++ = '"';
  while (*key && at < end) *at++ = *key++;
  *at++ = '"';
  *at++ = ':';
  line->len = (size_t)(at - line->bytes);
  return true;
}

static void stamp_renew(struct log_line *line, time_t second) {
  struct tm parts;
  gmtime_r(&second, &parts);
  strftime(line->stamp, sizeof line->stamp, "%Y-%m-%dT%H:%M:%S.", &parts);
  line->second = second;
}

static void put_time(struct log_line *line) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != line->second) stamp_renew(line, now.tv_sec);
  unsigned millisecond = (unsigned)(now.tv_nsec / 1000000);
  char digits[4] = {(char)('0' + millisecond / 100), (char)('0' + millisecond / 10 % 10),
                    (char)('0' + millisecond % 10), 'Z'};
  put(line, line->stamp, 20);
  put(line, digits, sizeof digits);
}

static void put_opening(struct log_line *line, const char *text) {
  line->len = 0;
  line->truncated = false;
  put(line, text, strlen(text));
}

static void put_head(struct log_line *line, enum log_level level) {
  static const char *const levels[] = {"debug", "info", "warn", "error"};
  put_opening(line, "{\"time\":\"");
  put_time(line);
  put(line, "\",\"level\":\"", 11);
  put(line, levels[level], strlen(levels[level]));
  put(line, "\",\"msg\":\"", 9);
}

void log_line_begin(struct log_line *line, enum log_level level, const char *message) {
  put_head(line, level);
  put_plain(line, slice_text(message));
  line->bytes[line->len++] = '"';
}

void log_line_begin_event(struct log_line *line, const char *subject) {
  put_opening(line, "{\"subject\":\"");
  put_plain(line, slice_text(subject));
  put(line, "\",\"timestamp\":\"", 15);
  put_time(line);
  line->bytes[line->len++] = '"';
}

void log_line_begin_text(struct log_line *line, enum log_level level, struct slice message) {
  put_head(line, level);
  put_text(line, message);
  line->bytes[line->len++] = '"';
}

void log_line_text(struct log_line *line, const char *key, struct slice value) {
  if (!put_key(line, key, 2)) return;
  line->bytes[line->len++] = '"';
  put_text(line, value);
  line->bytes[line->len++] = '"';
}

void log_line_raw(struct log_line *line, const char *key, struct slice json) {
  if (put_key(line, key, json.len)) put(line, json.ptr, json.len);
}

/* Writes the digits of `value` before `end`; returns where they begin. */
static char *digits_before(char *end, unsigned long long value) {
  do {
    *--end = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  return end;
}

void log_line_integer(struct log_line *line, const char *key, long long value) {
  char text[24], *end = text + sizeof text;
  char *at = digits_before(end, value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value);
  if (value < 0) *--at = '-';
  log_line_raw(line, key, slice_make(at, (size_t)(end - at)));
}

void log_line_decimal(struct log_line *line, const char *key, double value, int digits) {
  static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  if (digits < 0 || digits > 9 || !(fabs(value) < 1e9)) {
    log_line_number(line, key, value);
    return;
  }
  char text[32], *end = text + sizeof text, *at = end;
  unsigned long long scaled = (unsigned long long)(fabs(value) * powers[digits] + 0.5);
  unsigned long long unit = (unsigned long long)powers[digits];
  if (digits > 0) {
    at = digits_before(end, scaled % unit);
    while (end - at < digits) *--at = '0';
    *--at = '.';
  }
  at = digits_before(at, scaled / unit);
  if (value < 0 && scaled > 0) *--at = '-';
  log_line_raw(line, key, slice_make(at, (size_t)(end - at)));
}

void log_line_number(struct log_line *line, const char *key, double value) {
  if (!isfinite(value)) {
    log_line_raw(line, key, SLICE_LITERAL("null"));
  } else if (fabs(value) < 0x1p53 && value == (double)(long long)value) {
    log_line_integer(line, key, (long long)value);
  } else {
    char text[32];
    int len = snprintf(text, sizeof text, "%.15g", value);
    log_line_raw(line, key, slice_make(text, (size_t)len));
  }
}

struct slice log_line_end(struct log_line *line) {
  const char *text = line->truncated ? ending : "}\n";
  size_t len = strlen(text);
  memcpy(line->bytes + line->len, text, len);
  return slice_make(line->bytes, line->len + len);
}
