// SPDX-License-Identifier: Apache-2.0
#include "process/record.h"
#include "telemetry/redact.h"

/* Taking secrets out of a record. A body is looked at as a whole, since a secret may lie across its pieces; the piece
 * in which one ends then gets all of what stands in its place. */

static void label_append(struct buffer *out, const struct redact_match *match) {
  struct redact_label label = redact_label(match);
  for (int i = 0; i < 3; i++) buffer_append_slice(out, label.parts[i]);
}

struct pieces {
  struct replay_piece *items;
  size_t count, next; /* the first one whose new end is not known */
};

/* The old text up to `at` has been copied, and the new one has `len` bytes now. */
static void pieces_copied(struct pieces *pieces, size_t at, size_t len) {
  for (; pieces->next < pieces->count && pieces->items[pieces->next].end <= at; pieces->next++) {
    pieces->items[pieces->next].end = len - (at - pieces->items[pieces->next].end);
  }
}

/* Pieces that end inside of what was taken out, which ends at `end`, end before what stands in its place. */
static void pieces_cut(struct pieces *pieces, size_t end, size_t len) {
  while (pieces->next < pieces->count && pieces->items[pieces->next].end < end) {
    pieces->items[pieces->next++].end = len;
  }
}

static void body_mask(struct buffer *body, struct buffer *cuts, const struct redactor *redactor) {
  struct pieces pieces = {0};
  if (cuts) pieces = (struct pieces){(void *)cuts->data, cuts->len / sizeof(struct replay_piece), 0};
  struct buffer out = {0};
  struct redact_walk walk;
  struct redact_match match;
  size_t from = 0;
  redact_walk_start(&walk, redactor, buffer_slice(body), body->len);
  while (redact_walk_next(&walk, &match)) {
    buffer_append(&out, body->data + from, match.at - from);
    pieces_copied(&pieces, match.at, out.len);
    from = match.at + match.len;
    pieces_cut(&pieces, from, out.len);
    label_append(&out, &match);
  }
  buffer_append_slice(&out, slice_from(buffer_slice(body), from));
  pieces_copied(&pieces, body->len, out.len);
  buffer_free(body);
  *body = out;
}

static void fields_mask(struct record *record, struct record_fields *fields, const struct redactor *redactor) {
  struct buffer text = {0};
  for (unsigned i = 0; i < fields->count; i++) {
    buffer_clear(&text);
    redact_append(redactor, fields->items[i].value, &text);
    fields->items[i].value = arena_copy(record->arena, buffer_slice(&text));
  }
  buffer_free(&text);
}

static struct slice text_mask(struct record *record, struct slice text, const struct redactor *redactor) {
  struct buffer out = {0};
  redact_append(redactor, text, &out);
  struct slice masked = arena_copy(record->arena, buffer_slice(&out));
  buffer_free(&out);
  return masked;
}

void record_mask(struct record *record, const struct redactor *redactor) {
  record->redacted = true;
  record->target = text_mask(record, record->target, redactor);
  fields_mask(record, &record->fields, redactor);
  fields_mask(record, &record->answer_fields, redactor);
  body_mask(&record->body, NULL, redactor);
  body_mask(&record->answer, NULL, redactor);
  for (struct record_exchange *each = record->first; each; each = each->next) {
    each->path = text_mask(record, each->path, redactor);
    fields_mask(record, &each->fields, redactor);
    body_mask(&each->sent, NULL, redactor);
    body_mask(&each->body, &each->cuts, redactor);
  }
  for (struct tape_draw *draw = record->tape.first; draw; draw = draw->next) {
    draw->json = text_mask(record, draw->json, redactor);
  }
}
