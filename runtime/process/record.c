// SPDX-License-Identifier: Apache-2.0
#include "process/record.h"

void record_open(struct record *record, struct arena *arena) {
  *record = (struct record){.arena = arena};
  record->last = &record->first;
  tape_start(&record->tape, arena);
}

void record_free(struct record *record) {
  buffer_free(&record->body);
  buffer_free(&record->answer);
  for (struct record_exchange *each = record->first; each; each = each->next) {
    buffer_free(&each->sent);
    buffer_free(&each->body);
    buffer_free(&each->cuts);
  }
}

struct record_exchange *record_exchange_add(struct record *record) {
  struct record_exchange *exchange = arena_alloc(record->arena, sizeof *exchange);
  *record->last = exchange;
  record->last = &exchange->next;
  return exchange;
}

/* Credentials in either direction, and what belongs to one connection: a replay makes its own. */
static bool is_kept(struct slice name) {
  static const struct slice left_out[] = {
      SLICE_LITERAL("authorization"),
      SLICE_LITERAL("proxy-authorization"),
      SLICE_LITERAL("cookie"),
      SLICE_LITERAL("set-cookie"),
      SLICE_LITERAL("x-api-key"),
      SLICE_LITERAL("api-key"),
      SLICE_LITERAL("x-goog-api-key"),
      SLICE_LITERAL("x-auth-token"),
      SLICE_LITERAL("host"),
      SLICE_LITERAL("connection"),
      SLICE_LITERAL("content-length"),
      SLICE_LITERAL("transfer-encoding"),
      SLICE_LITERAL("expect"),
      SLICE_LITERAL("keep-alive"),
      SLICE_LITERAL("te"),
      SLICE_LITERAL("trailer"),
      SLICE_LITERAL("upgrade"),
  };
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
    if (slice_equal_caseless(name, left_out[i])) return false;
  }
  return true;
}

void record_fields_copy(struct record *record, const struct http_field *fields, unsigned count,
                        struct record_fields *out) {
  out->items = arena_alloc(record->arena, (count + 1UL) * sizeof *out->items);
  out->count = 0;
  for (unsigned i = 0; i < count; i++) {
    if (!is_kept(fields[i].name)) continue;
    out->items[out->count++] =
        (struct http_field){arena_copy(record->arena, fields[i].name), arena_copy(record->arena, fields[i].value)};
  }
}

void record_append(struct record *record, struct buffer *body, struct slice bytes) {
  if (bytes.len > RECORD_BYTES_MAX - record->bytes) record->overflow = true;
  if (record->overflow) return;
  record->bytes += bytes.len;
  buffer_append_slice(body, bytes);
}
