// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redact.h"

#include <stdint.h>

#include "telemetry/redact_shapes.h"
#include "telemetry/redact_told.h"
#include "telemetry/text_class.h"

void redact_walk_start(struct redact_walk *walk, const struct redactor *redactor, struct slice text, size_t limit) {
  *walk = (struct redact_walk){.redactor = redactor, .text = text, .limit = limit};
}

static bool stale(const struct redact_walk *walk, const struct redact_match *match) {
  return match->len == 0 || match->at < walk->from;
}

/* Past the limit, once nothing more was found: never looked for again. */
static const struct redact_match none = {.at = SIZE_MAX, .len = 1};

static void look_ahead(struct redact_walk *walk) {
  if (stale(walk, &walk->told) &&
      !(walk->redactor && redact_told_next(walk->redactor, walk->text, walk->from, walk->limit, &walk->told))) {
    walk->told = none;
  }
  if (stale(walk, &walk->shape) && !redact_shape_next(walk->text, walk->from, walk->limit, &walk->shape)) {
    walk->shape = none;
  }
}

/* A told value that begins inside of a match must not show its tail. */
static void tail_cover(const struct redact_walk *walk, struct redact_match *match) {
  struct redact_match inner;
  size_t at = match->at + 1, end = match->at + match->len;
  while (walk->redactor && redact_told_next(walk->redactor, walk->text, at, end, &inner)) {
    if (inner.at + inner.len > end) end = inner.at + inner.len;
    at = inner.at + 1;
  }
  match->len = end - match->at;
}

bool redact_walk_next(struct redact_walk *walk, struct redact_match *match) {
  look_ahead(walk);
  *match = walk->told.at <= walk->shape.at ? walk->told : walk->shape;
  if (match->at == none.at) return false;
  tail_cover(walk, match);
  walk->from = match->at + match->len;
  return true;
}

bool redact_suspects(const struct redactor *redactor, struct slice text, size_t limit, unsigned classes) {
  struct redact_match match;
  if ((classes & TEXT_ANCHOR) && redact_shape_next(text, 0, limit, &match)) return true;
  return redactor && redact_told_possible(redactor, text, limit);
}

struct redact_label redact_label(const struct redact_match *match) {
  if (match->name.len == 0) return (struct redact_label){{slice_text(match->label)}};
  return (struct redact_label){{SLICE_LITERAL("[REDACTED:"), match->name, SLICE_LITERAL("]")}};
}

void redact_append(const struct redactor *redactor, struct slice text, struct buffer *out) {
  struct redact_walk walk;
  struct redact_match match;
  size_t at = 0;
  redact_walk_start(&walk, redactor, text, text.len);
  while (redact_walk_next(&walk, &match)) {
    buffer_append(out, text.ptr + at, match.at - at);
    struct redact_label label = redact_label(&match);
    for (int i = 0; i < 3; i++) buffer_append_slice(out, label.parts[i]);
    at = match.at + match.len;
  }
  buffer_append_slice(out, slice_from(text, at));
}
