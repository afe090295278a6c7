// SPDX-License-Identifier: Apache-2.0
#include "codec/lines.h"

enum { HELD_KEEP = 4096 }; /* a held buffer above this is given back after its line */

void lines_init(struct lines *lines, size_t limit) {
  *lines = (struct lines){.limit = limit};
}

void lines_feed(struct lines *lines, struct slice bytes) {
  lines->input = bytes;
}

bool lines_at_boundary(const struct lines *lines) {
  return (lines->held.len == 0 || lines->given) && lines->input.len == 0 && !lines->too_large;
}

void lines_free(struct lines *lines) {
  buffer_free(&lines->held);
}

static void held_drop(struct lines *lines) {
  if (!lines->given) return;
  lines->given = false;
  buffer_clear(&lines->held);
  if (lines->held.cap > HELD_KEEP) buffer_free(&lines->held);
}

static bool is_blank(struct slice line) {
  for (size_t i = 0; i < line.len; i++) {
    if (line.ptr[i] != ' ' && line.ptr[i] != '\t' && line.ptr[i] != '\r') return false;
  }
  return true;
}

/* The input up to its first line end, behind what is held; false when there is no line end. */
static bool line_take(struct lines *lines, struct slice *line) {
  const char *end = lines->input.len ? memchr(lines->input.ptr, '\n', lines->input.len) : NULL;
  size_t len = end ? (size_t)(end - lines->input.ptr) : lines->input.len;
  *line = slice_make(lines->input.ptr, len);
  if (len > lines->limit || lines->held.len > lines->limit - len) {
    lines->too_large = true;
    return false;
  }
  if (lines->held.len > 0 || !end) {
    buffer_append_slice(&lines->held, *line);
    *line = buffer_slice(&lines->held);
    lines->given = end != NULL;
  }
  lines->input = slice_from(lines->input, end ? len + 1 : len);
  return end != NULL;
}

enum lines_result lines_next(struct lines *lines, struct slice *line) {
  for (;;) {
    if (lines->too_large) return LINES_TOO_LARGE;
    held_drop(lines);
    if (!line_take(lines, line)) return lines->too_large ? LINES_TOO_LARGE : LINES_NEED_MORE;
    if (is_blank(*line)) continue;
    if (line->ptr[line->len - 1] == '\r') line->len--;
    return LINES_LINE;
  }
}
