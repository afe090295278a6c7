// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "process/record.h"

/* The other half of record_write.c. The line is validated as a whole first; what is then missing or of another type is
 * told by its name. */

struct reading {
  struct record *record;
  struct arena *arena;
  struct error *error; /* set once: code null means all is well */
};

static void wrong(struct reading *reading, const char *name, const char *wanted) {
  if (reading->error->code) return;
  error_set(reading->error, 0, "record_invalid", "\"%s\" is missing or not %s", name, wanted);
}

static bool member(struct slice object, const char *name, struct slice *value) {
  struct json_step step = {slice_text(name), -1};
  return object.len > 0 && object.ptr[0] == '{' && json_find(object, &step, 1, value);
}

/* ---- scalars ---- */

static bool base64_text(struct reading *reading, struct slice raw, struct slice *out) {
  struct slice digits;
  if (!member(raw, "base64", &raw) || !json_string_plain(raw, &digits)) return false;
  unsigned char *bytes = arena_alloc(reading->arena, base64_decoded_max(digits.len));
  out->ptr = (const char *)bytes;
  return base64_decode(digits, bytes, &out->len);
}

static bool text_of(struct reading *reading, struct slice raw, struct slice *out) {
  if (raw.len == 0) return false;
  if (raw.ptr[0] == '{') return base64_text(reading, raw, out);
  if (raw.ptr[0] != '"') return false;
  char *text = arena_alloc(reading->arena, raw.len);
  *out = slice_make(text, json_string_decode_into(text, raw));
  return true;
}

static struct slice text_member(struct reading *reading, struct slice object, const char *name) {
  struct slice raw, text = {0};
  if (!member(object, name, &raw) || !text_of(reading, raw, &text)) wrong(reading, name, "text");
  return text;
}

static void body_member(struct reading *reading, struct slice object, const char *name, struct buffer *out) {
  buffer_append_slice(out, text_member(reading, object, name));
}

static double number_of(struct slice raw, double most) {
  if (raw.len == 0 || json_type_of(raw) != JSON_NUMBER) return -1;
  double value = json_number_value(raw);
  return value >= 0 && value <= most ? value : -1;
}

static double number_member(struct reading *reading, struct slice object, const char *name, double most) {
  struct slice raw = {0};
  member(object, name, &raw);
  double value = number_of(raw, most);
  if (value < 0) wrong(reading, name, "a number in its bounds");
  return value < 0 ? 0 : value;
}

static bool flag_member(struct slice object, const char *name) {
  struct slice raw;
  return member(object, name, &raw) && slice_equal(raw, SLICE_LITERAL("true"));
}

/* The position of the member's text among `names`; 0 with an error when it is none of them. */
static unsigned word_member(struct reading *reading, struct slice object, const char *name, const char *const *names,
                            unsigned count) {
  struct slice text = text_member(reading, object, name);
  for (unsigned i = 0; i < count; i++) {
    if (slice_equal(text, slice_text(names[i]))) return i;
  }
  wrong(reading, name, "one of its words");
  return 0;
}

/* ---- lists ---- */

/* Starts to read the array `name`. False when it is none. */
static bool list_member(struct reading *reading, struct slice object, const char *name, struct json_reader *items) {
  struct slice raw, ignored;
  if (!member(object, name, &raw) || raw.ptr[0] != '[') {
    wrong(reading, name, "a list");
    return false;
  }
  json_reader_start(items, raw);
  return json_reader_next(items, &ignored) == JSON_EVENT_OPEN_ARRAY;
}

static unsigned list_length(struct json_reader items) {
  struct slice ignored;
  unsigned count = 0;
  while (json_reader_value(&items, &ignored)) count++;
  return count;
}

/* The two values of an array of two. */
static bool pair_of(struct slice raw, struct slice *first, struct slice *second) {
  struct json_step steps[] = {{.position = 0}, {.position = 1}};
  return raw.ptr[0] == '[' && json_find(raw, &steps[0], 1, first) && json_find(raw, &steps[1], 1, second);
}

static void fields_member(struct reading *reading, struct slice object, struct record_fields *out) {
  struct json_reader items;
  struct slice raw, name, value;
  if (!list_member(reading, object, "headers", &items)) return;
  out->items = arena_alloc(reading->arena, (list_length(items) + 1UL) * sizeof *out->items);
  while (json_reader_value(&items, &raw)) {
    struct http_field *field = &out->items[out->count];
    bool read = pair_of(raw, &name, &value) && text_of(reading, name, &field->name) &&
                text_of(reading, value, &field->value) && field_name_valid(field->name) &&
                field_value_valid(field->value);
    if (!read) return wrong(reading, "headers", "a list of names and values");
    out->count++;
  }
}

/* ---- the parts of a record ---- */

static void key_text(struct reading *reading, struct slice object, const char *name, char *out, size_t size) {
  struct slice text = text_member(reading, object, name);
  size_t len = text.len < size ? text.len : size - 1;
  if (len > 0) memcpy(out, text.ptr, len);
  out[len] = '\0';
}

static void head_read(struct reading *reading, struct slice line) {
  static const char *const names[] = {"open", "key", "missing", "invalid", "scope"};
  struct record *record = reading->record;
  struct slice key;
  if (number_member(reading, line, "v", 1e6) != RECORD_VERSION) wrong(reading, "v", "1, this program's version");
  record->trace_id = text_member(reading, line, "trace_id");
  if (record->trace_id.len != 32) wrong(reading, "trace_id", "32 hexadecimal digits");
  record->generation = text_member(reading, line, "generation");
  record->time = number_member(reading, line, "time", 1e12);
  record->seed = (uint64_t)number_member(reading, line, "seed", 0x1p53);
  record->redacted = flag_member(line, "redacted");
  record->access = word_member(reading, line, "access", names, sizeof names / sizeof *names);
  if (!member(line, "key", &key)) return;
  key_text(reading, key, "id", record->key.id, sizeof record->key.id);
  key_text(reading, key, "name", record->key.name, sizeof record->key.name);
  record->key.scopes = (unsigned)number_member(reading, key, "scopes", 1e6);
}

static void request_read(struct reading *reading, struct slice line) {
  struct record *record = reading->record;
  struct slice request = {0};
  member(line, "request", &request);
  record->method = text_member(reading, request, "method");
  record->target = text_member(reading, request, "target");
  fields_member(reading, request, &record->fields);
  body_member(reading, request, "body", &record->body);
}

static void pieces_read(struct reading *reading, struct slice object, struct record_exchange *exchange) {
  struct json_reader items;
  struct slice raw, at, text;
  if (!list_member(reading, object, "pieces", &items)) return;
  while (json_reader_value(&items, &raw)) {
    struct slice bytes;
    bool read = pair_of(raw, &at, &text) && number_of(at, 4e9) >= 0 && text_of(reading, text, &bytes);
    if (!read) return wrong(reading, "pieces", "a list of times and texts");
    buffer_append_slice(&exchange->body, bytes);
    struct replay_piece cut = {exchange->body.len, (unsigned)number_of(at, 4e9)};
    buffer_append(&exchange->cuts, &cut, sizeof cut);
  }
}

static void error_read(struct reading *reading, struct slice object, struct record_exchange *exchange) {
  struct slice error = {0};
  member(object, "error", &error);
  struct slice code = text_member(reading, error, "code"), message = text_member(reading, error, "message");
  char *word = arena_alloc(reading->arena, code.len + 1); /* zeroed */
  if (code.len > 0) memcpy(word, code.ptr, code.len);
  error_set(&exchange->error, (int)number_member(reading, error, "status", 599), word, "%.*s", (int)message.len,
            message.ptr ? message.ptr : "");
  exchange->untouched = flag_member(error, "untouched");
}

static void exchange_read(struct reading *reading, struct slice object) {
  static const char *const names[] = {"stopped", "whole", "failed"};
  struct record_exchange *exchange = record_exchange_add(reading->record);
  struct slice raw;
  exchange->origin = text_member(reading, object, "origin");
  exchange->path = text_member(reading, object, "path");
  if (member(object, "sent", &raw)) {
    body_member(reading, object, "sent", &exchange->sent);
  } else {
    buffer_append_slice(&exchange->sent, buffer_slice(&reading->record->body));
  }
  if (member(object, "status", &raw)) {
    exchange->status = (int)number_member(reading, object, "status", 999);
    exchange->head_ms = (unsigned)number_member(reading, object, "head_at", 4e9);
    fields_member(reading, object, &exchange->fields);
    pieces_read(reading, object, exchange);
  }
  exchange->end = word_member(reading, object, "end", names, sizeof names / sizeof *names);
  exchange->end_ms = (unsigned)number_member(reading, object, "end_at", 4e9);
  if (exchange->end == RECORD_FAILED) error_read(reading, object, exchange);
}

static void draws_read(struct reading *reading, struct slice line) {
  struct json_reader items;
  struct slice raw, name, json, text;
  if (!list_member(reading, line, "draws", &items)) return;
  while (json_reader_value(&items, &raw)) {
    if (!pair_of(raw, &name, &json) || !text_of(reading, name, &text) || json.ptr[0] != '[') {
      return wrong(reading, "draws", "a list of names and results");
    }
    tape_add(&reading->record->tape, text, json);
  }
}

static void answer_read(struct reading *reading, struct slice line) {
  static const char *const names[] = {"answered", "gone"};
  struct record *record = reading->record;
  struct slice answer = {0};
  member(line, "answer", &answer);
  record->status = (int)number_member(reading, answer, "status", 999);
  record->outcome = word_member(reading, answer, "end", names, sizeof names / sizeof *names);
  fields_member(reading, answer, &record->answer_fields);
  body_member(reading, answer, "body", &record->answer);
}

static void upstream_read(struct reading *reading, struct slice line) {
  struct json_reader items;
  struct slice raw;
  if (!list_member(reading, line, "upstream", &items)) return;
  while (json_reader_value(&items, &raw)) exchange_read(reading, raw);
}

int record_read(struct slice line, struct arena *arena, struct record *out, struct error *error) {
  struct json_fault fault;
  struct json_limits limits = json_limits_default;
  limits.tokens = 4000000;
  record_open(out, arena);
  if (json_validate(line, &limits, &fault) < 0) {
    return error_set(error, 0, "record_invalid", "not a line of a recording: %s at byte %zu", fault.reason,
                     fault.offset);
  }
  struct reading reading = {out, arena, error};
  error->code = NULL;
  head_read(&reading, line);
  request_read(&reading, line);
  upstream_read(&reading, line);
  draws_read(&reading, line);
  answer_read(&reading, line);
  return error->code ? -1 : 0;
}
