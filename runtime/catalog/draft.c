// SPDX-License-Identifier: Apache-2.0
#include "catalog/draft.h"

#include <stdio.h>

#include "catalog/rules.h"

static const struct json_limits limits = {
    .depth = 8, .tokens = 8000000, .key_len = 1024, .number_len = 64, .keys_per_object = 400000};

/* A source being read; its place only goes forward. */
struct reading {
  struct drafts *drafts;
  uint32_t source;
  size_t at;
  uint32_t line;
};

static uint32_t line_of(struct reading *reading, const char *place) {
  struct slice text = reading->drafts->sources[reading->source].text;
  size_t end = (size_t)(place - text.ptr);
  for (; reading->at < end; reading->at++) reading->line += text.ptr[reading->at] == '\n';
  return reading->line;
}

/* ---- faults ---- */

static void fault_keep(struct drafts *drafts, uint32_t source, uint32_t line, const char *message) {
  struct draft_fault fault = {.path = drafts->sources[source].path,
                              .message = (uint32_t)drafts->messages.len,
                              .message_len = (uint32_t)strlen(message),
                              .line = line};
  buffer_append(&drafts->messages, message, fault.message_len);
  buffer_append(&drafts->faults, &fault, sizeof fault);
  drafts->fault_count++;
}

static void fault_add(struct drafts *drafts, uint32_t source, uint32_t line, const char *message) {
  if (drafts->fault_total++ < CATALOG_FAULTS_MAX) fault_keep(drafts, source, line, message);
}

void drafts_fault_more(struct drafts *drafts) {
  char message[64];
  if (drafts->fault_total <= CATALOG_FAULTS_MAX) return;
  snprintf(message, sizeof message, "and %zu more", drafts->fault_total - CATALOG_FAULTS_MAX);
  fault_keep(drafts, 0, 0, message);
}

static void fault_here(struct reading *reading, const char *place, const char *message) {
  fault_add(reading->drafts, reading->source, line_of(reading, place), message);
}

static int shown(struct slice text) {
  return (int)(text.len < 200 ? text.len : 200);
}

void drafts_fault_row(struct drafts *drafts, const struct draft *row, const char *member, const char *problem) {
  char message[512];
  snprintf(message, sizeof message, "%.*s: %s%s%s", shown(row->key), row->key.ptr, member, *member ? " " : "", problem);
  fault_add(drafts, row->source, row->line, message);
}

/* ---- rows ---- */

static bool row_check(struct reading *reading, struct draft *row) {
  struct json_reader reader;
  struct slice raw, name, value;
  bool good = true;
  json_reader_start(&reader, row->row);
  json_reader_next(&reader, &raw);
  while (json_reader_next(&reader, &raw) == JSON_EVENT_KEY && json_reader_value(&reader, &value)) {
    char member[64];
    row->line = line_of(reading, raw.ptr);
    bool plain = json_string_plain(raw, &name);
    const char *problem = plain ? rules_member(name, value) : "is no member of a row";
    if (!problem) continue;
    snprintf(member, sizeof member, "%.*s", (int)raw.len, raw.ptr);
    if (plain) snprintf(member, sizeof member, "%.*s", (int)name.len, name.ptr);
    drafts_fault_row(reading->drafts, row, member, problem);
    good = false;
  }
  return good;
}

static bool is_key(struct slice key) {
  const char *slash = key.len > 0 ? memchr(key.ptr, '/', key.len) : NULL;
  return slash && slash > key.ptr && slash + 1 < key.ptr + key.len;
}

static void row_read(struct reading *reading, struct slice raw, struct slice value) {
  struct draft row = {.row = value, .source = reading->source, .line = line_of(reading, raw.ptr)};
  uint32_t line = row.line;
  enum json_type type = json_type_of(value);
  if (!json_string_plain(raw, &row.key) || !is_key(row.key)) {
    row.key = raw;
    drafts_fault_row(reading->drafts, &row, "", "a row's name must be provider/model, without escapes");
  } else if (type != JSON_OBJECT && type != JSON_NULL) {
    drafts_fault_row(reading->drafts, &row, "", "must be an object, or null to take the row away");
  } else if (type == JSON_NULL || row_check(reading, &row)) {
    row.line = line;
    buffer_append(&reading->drafts->items, &row, sizeof row);
    reading->drafts->count++;
  }
}

static void models_read(struct reading *reading, struct slice models) {
  struct json_reader reader;
  struct slice raw, value;
  if (json_type_of(models) != JSON_OBJECT) {
    fault_here(reading, models.ptr, "models must be an object of rows");
    return;
  }
  json_reader_start(&reader, models);
  json_reader_next(&reader, &raw);
  while (json_reader_next(&reader, &raw) == JSON_EVENT_KEY && json_reader_value(&reader, &value)) {
    row_read(reading, raw, value);
  }
}

/* ---- a file ---- */

static void member_read(struct reading *reading, struct slice raw, struct slice value) {
  if (json_string_is(raw, SLICE_LITERAL("models"))) {
    models_read(reading, value);
  } else if (json_string_is(raw, SLICE_LITERAL("schema"))) {
    if (!slice_equal(value, SLICE_LITERAL("1"))) fault_here(reading, raw.ptr, "schema must be 1");
  } else if (!json_string_is(raw, SLICE_LITERAL("sources"))) {
    char message[128];
    snprintf(message, sizeof message, "%.*s is no member of a catalog: schema, sources, models", shown(raw), raw.ptr);
    fault_here(reading, raw.ptr, message);
  }
}

static void top_read(struct reading *reading, struct slice text) {
  struct json_reader reader;
  struct slice raw, value;
  bool models = false;
  json_reader_start(&reader, text);
  if (json_reader_next(&reader, &raw) != JSON_EVENT_OPEN_OBJECT) {
    fault_here(reading, text.ptr, "must be an object with schema and models");
    return;
  }
  while (json_reader_next(&reader, &raw) == JSON_EVENT_KEY && json_reader_value(&reader, &value)) {
    models = models || json_string_is(raw, SLICE_LITERAL("models"));
    member_read(reading, raw, value);
  }
  if (!models) fault_add(reading->drafts, reading->source, 1, "models is missing");
}

void drafts_read(struct drafts *drafts, uint32_t source) {
  const struct catalog_source *from = &drafts->sources[source];
  struct reading reading = {.drafts = drafts, .source = source, .line = 1};
  struct json_fault fault;
  if (from->unread) {
    fault_add(drafts, source, 0, from->unread);
  } else if (from->text.len > CATALOG_FILE_MAX) {
    fault_add(drafts, source, 0, "is larger than 32 MiB");
  } else if (json_validate(from->text, &limits, &fault) < 0) {
    fault_here(&reading, from->text.len > 0 ? from->text.ptr + fault.offset : from->text.ptr, fault.reason);
  } else {
    top_read(&reading, from->text);
  }
}

struct draft *drafts_items(struct drafts *drafts) {
  return (struct draft *)(void *)drafts->items.data;
}

void drafts_free(struct drafts *drafts) {
  buffer_free(&drafts->items);
  buffer_free(&drafts->faults);
  buffer_free(&drafts->messages);
}
