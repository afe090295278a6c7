// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "process/record.h"

/* A record as a line of JSON; record_read.c is its other half. Text is a string where it is UTF-8, else
 * {"base64": "..."}: a piece of a stream may end anywhere. */

static const char *const access_names[] = {
    [ACCESS_OPEN] = "open",       [ACCESS_KEY] = "key",     [ACCESS_MISSING] = "missing",
    [ACCESS_INVALID] = "invalid", [ACCESS_SCOPE] = "scope",
};

static void text_write(struct buffer *out, struct slice text) {
  if (utf8_valid(text)) {
    json_string_encode(out, text);
    return;
  }
  size_t len = base64_encoded_size(text.len);
  buffer_append_slice(out, SLICE_LITERAL("{\"base64\":\""));
  buffer_reserve(out, len);
  base64_encode(text, out->data + out->len);
  out->len += len;
  buffer_append_slice(out, SLICE_LITERAL("\"}"));
}

static void member_write(struct buffer *out, const char *name, struct slice text) {
  buffer_append_format(out, ",\"%s\":", name);
  text_write(out, text);
}

static void fields_write(struct buffer *out, const struct record_fields *fields) {
  buffer_append_slice(out, SLICE_LITERAL(",\"headers\":["));
  for (unsigned i = 0; i < fields->count; i++) {
    buffer_append_slice(out, i ? SLICE_LITERAL(",[") : SLICE_LITERAL("["));
    text_write(out, fields->items[i].name);
    buffer_append(out, ",", 1);
    text_write(out, fields->items[i].value);
    buffer_append(out, "]", 1);
  }
  buffer_append(out, "]", 1);
}

static void head_write(const struct record *record, struct buffer *out) {
  buffer_append_format(out, "{\"v\":%d,\"trace_id\":", RECORD_VERSION);
  json_string_encode(out, record->trace_id);
  member_write(out, "generation", record->generation);
  buffer_append_format(out, ",\"time\":%.6f,\"seed\":%llu,\"redacted\":%s,\"access\":\"%s\"", record->time,
                       (unsigned long long)record->seed, record->redacted ? "true" : "false",
                       access_names[record->access]);
  if (record->access != ACCESS_KEY && record->access != ACCESS_SCOPE) return;
  buffer_append_format(out, ",\"key\":{\"scopes\":%u", record->key.scopes);
  member_write(out, "id", slice_text(record->key.id));
  member_write(out, "name", slice_text(record->key.name));
  buffer_append(out, "}", 1);
}

static void request_write(const struct record *record, struct buffer *out) {
  buffer_append_slice(out, SLICE_LITERAL(",\"request\":{\"method\":"));
  text_write(out, record->method);
  member_write(out, "target", record->target);
  fields_write(out, &record->fields);
  member_write(out, "body", buffer_slice(&record->body));
  buffer_append(out, "}", 1);
}

static void pieces_write(const struct record_exchange *exchange, struct buffer *out) {
  const struct replay_piece *cuts = (const void *)exchange->cuts.data;
  size_t from = 0, count = exchange->cuts.len / sizeof *cuts;
  buffer_append_slice(out, SLICE_LITERAL(",\"pieces\":["));
  for (size_t i = 0; i < count; i++) {
    buffer_append_format(out, "%s[%u,", i ? "," : "", cuts[i].at_ms);
    text_write(out, slice_make(exchange->body.data + from, cuts[i].end - from));
    buffer_append(out, "]", 1);
    from = cuts[i].end;
  }
  buffer_append(out, "]", 1);
}

static void end_write(const struct record_exchange *exchange, struct buffer *out) {
  static const char *const names[] = {"stopped", "whole", "failed"};
  buffer_append_format(out, ",\"end\":\"%s\",\"end_at\":%u", names[exchange->end], exchange->end_ms);
  if (exchange->end != RECORD_FAILED) return;
  buffer_append_format(out, ",\"error\":{\"status\":%d,\"untouched\":%s,\"code\":\"%s\"", exchange->error.status,
                       exchange->untouched ? "true" : "false", exchange->error.code);
  member_write(out, "message", slice_text(exchange->error.message));
  buffer_append(out, "}", 1);
}

static void exchange_write(const struct record *record, const struct record_exchange *exchange, struct buffer *out) {
  buffer_append_slice(out, SLICE_LITERAL("{\"origin\":"));
  text_write(out, exchange->origin);
  member_write(out, "path", exchange->path);
  if (!slice_equal(buffer_slice(&exchange->sent), buffer_slice(&record->body))) {
    member_write(out, "sent", buffer_slice(&exchange->sent));
  }
  if (exchange->status) {
    buffer_append_format(out, ",\"status\":%d,\"head_at\":%u", exchange->status, exchange->head_ms);
    fields_write(out, &exchange->fields);
    pieces_write(exchange, out);
  }
  end_write(exchange, out);
  buffer_append(out, "}", 1);
}

static void draws_write(const struct record *record, struct buffer *out) {
  buffer_append_slice(out, SLICE_LITERAL(",\"draws\":["));
  for (const struct tape_draw *draw = record->tape.first; draw; draw = draw->next) {
    buffer_append_slice(out, draw == record->tape.first ? SLICE_LITERAL("[") : SLICE_LITERAL(",["));
    text_write(out, draw->name);
    buffer_append(out, ",", 1);
    buffer_append_slice(out, draw->json);
    buffer_append(out, "]", 1);
  }
  buffer_append(out, "]", 1);
}

static void answer_write(const struct record *record, struct buffer *out) {
  buffer_append_format(out, ",\"answer\":{\"status\":%d,\"end\":\"%s\"", record->status,
                       record->outcome == RECORD_GONE ? "gone" : "answered");
  fields_write(out, &record->answer_fields);
  member_write(out, "body", buffer_slice(&record->answer));
  buffer_append_slice(out, SLICE_LITERAL("}}\n"));
}

void record_write(const struct record *record, struct buffer *out) {
  head_write(record, out);
  request_write(record, out);
  buffer_append_slice(out, SLICE_LITERAL(",\"upstream\":["));
  for (const struct record_exchange *each = record->first; each; each = each->next) {
    if (each != record->first) buffer_append(out, ",", 1);
    exchange_write(record, each, out);
  }
  buffer_append(out, "]", 1);
  draws_write(record, out);
  answer_write(record, out);
}
