// SPDX-License-Identifier: Apache-2.0
#include "catalog/build.h"

#include <stdlib.h>

#include "base/check.h"
#include "catalog/draft.h"
#include "catalog/image.h"
#include "catalog/rules.h"

/* ---- rows ---- */

static int draft_order(const void *one, const void *other) {
  const struct draft *a = one, *b = other;
  size_t shared = a->key.len < b->key.len ? a->key.len : b->key.len;
  int order = memcmp(a->key.ptr, b->key.ptr, shared);
  if (order != 0) return order;
  if (a->key.len != b->key.len) return a->key.len < b->key.len ? -1 : 1;
  return a->source < b->source ? -1 : a->source > b->source;
}

/* What a row is made of: of each name the last value. */
enum { MEMBERS_MAX = 64 };
struct members {
  struct slice names[MEMBERS_MAX], values[MEMBERS_MAX]; /* names with their quotes */
  size_t count;
};

static void member_put(struct members *members, struct slice name, struct slice value) {
  size_t at = 0;
  while (at < members->count && !slice_equal(members->names[at], name)) at++;
  if (at == MEMBERS_MAX) return; /* there are not so many names */
  members->names[at] = name;
  members->values[at] = value;
  if (at == members->count) members->count++;
}

static void members_add(struct members *members, struct slice row) {
  struct json_reader reader;
  struct slice name, value;
  if (json_type_of(row) == JSON_NULL) members->count = 0;
  if (json_type_of(row) != JSON_OBJECT) return;
  json_reader_start(&reader, row);
  json_reader_next(&reader, &name);
  while (json_reader_next(&reader, &name) == JSON_EVENT_KEY && json_reader_value(&reader, &value)) {
    member_put(members, name, value);
  }
}

static void members_write(const struct members *members, struct buffer *out) {
  const char *before = "{";
  for (size_t i = 0; i < members->count; i++) {
    if (json_type_of(members->values[i]) == JSON_NULL) continue;
    buffer_append(out, before, 1);
    buffer_append_slice(out, members->names[i]);
    buffer_append(out, ":", 1);
    buffer_append_slice(out, members->values[i]);
    before = ",";
  }
  buffer_append_slice(out, *before == '{' ? SLICE_LITERAL("{}") : SLICE_LITERAL("}"));
}

/* ---- the image ---- */

struct writing {
  struct drafts *drafts;
  struct buffer rows, texts; /* of struct image_row, image_fault; offsets of texts count from 0 */
  struct buffer faults;
  uint32_t row_count;
};

static uint32_t text_put(struct writing *writing, struct slice text) {
  uint32_t at = (uint32_t)writing->texts.len;
  buffer_append_slice(&writing->texts, text);
  return at;
}

static const char *row_problem(struct slice text) {
  struct arena arena = {0};
  struct json_index index;
  struct json_fault fault;
  const char *problem = json_index_build(text, &json_limits_default, &arena, &index, &fault) < 0 ? fault.reason : NULL;
  if (!problem) problem = rules_row(&index);
  arena_free(&arena);
  return problem;
}

/* One key's row of its `count` drafts. */
static void row_write(struct writing *writing, const struct draft *drafts, size_t count) {
  struct members members = {.count = 0};
  for (size_t i = 0; i < count; i++) members_add(&members, drafts[i].row);
  if (members.count == 0 && json_type_of(drafts[count - 1].row) == JSON_NULL) return;
  struct buffer text = {0};
  members_write(&members, &text);
  const char *problem = row_problem(buffer_slice(&text));
  if (problem) {
    drafts_fault_row(writing->drafts, &drafts[count - 1], "", problem);
  } else {
    struct slice key = drafts[0].key;
    struct image_row row = {.hash = image_hash(key), .key_len = (uint32_t)key.len, .row_len = (uint32_t)text.len};
    row.key = text_put(writing, key);
    row.row = text_put(writing, buffer_slice(&text));
    buffer_append(&writing->rows, &row, sizeof row);
    writing->row_count++;
  }
  buffer_free(&text);
}

static void rows_write(struct writing *writing) {
  struct draft *items = drafts_items(writing->drafts);
  size_t count = writing->drafts->count;
  if (count > 1) qsort(items, count, sizeof *items, draft_order);
  for (size_t at = 0, next; at < count; at = next) {
    for (next = at + 1; next < count && slice_equal(items[next].key, items[at].key); next++) continue;
    row_write(writing, items + at, next - at);
  }
}

static void faults_write(struct writing *writing) {
  const struct draft_fault *faults = (const struct draft_fault *)(const void *)writing->drafts->faults.data;
  for (size_t i = 0; i < writing->drafts->fault_count; i++) {
    struct slice message = slice_make(writing->drafts->messages.data + faults[i].message, faults[i].message_len);
    struct image_fault fault = {
        .line = faults[i].line, .path_len = (uint32_t)strlen(faults[i].path), .message_len = (uint32_t)message.len};
    fault.path = text_put(writing, slice_text(faults[i].path));
    fault.message = text_put(writing, message);
    buffer_append(&writing->faults, &fault, sizeof fault);
  }
}

static uint32_t bucket_count(uint32_t rows) {
  uint32_t count = 8;
  while (count < 2 * rows) count *= 2;
  return count;
}

/* Appends the table of hashes; texts are `base` bytes from the head. */
static void buckets_write(struct writing *writing, uint32_t count, uint32_t base, struct buffer *out) {
  uint32_t *buckets = calloc(count, sizeof *buckets);
  REQUIRE(buckets != NULL);
  struct image_row *rows = (struct image_row *)(void *)writing->rows.data;
  for (uint32_t i = 0; i < writing->row_count; i++) {
    uint32_t at = rows[i].hash & (count - 1);
    while (buckets[at]) at = (at + 1) & (count - 1);
    buckets[at] = i + 1;
    rows[i].key += base;
    rows[i].row += base;
  }
  buffer_append(out, buckets, count * sizeof *buckets);
  free(buckets);
}

static void image_write(struct writing *writing, struct buffer *out) {
  uint32_t buckets = bucket_count(writing->row_count);
  size_t base = sizeof(struct image_head) + buckets * sizeof(uint32_t) + writing->rows.len + writing->faults.len;
  struct image_head head = {.magic = IMAGE_MAGIC,
                            .size = (uint32_t)(base + writing->texts.len),
                            .rows = writing->row_count,
                            .faults = (uint32_t)writing->drafts->fault_count,
                            .buckets = buckets};
  struct image_fault *faults = (struct image_fault *)(void *)writing->faults.data;
  for (uint32_t i = 0; i < head.faults; i++) {
    faults[i].path += (uint32_t)base;
    faults[i].message += (uint32_t)base;
  }
  buffer_append(out, &head, sizeof head);
  buckets_write(writing, buckets, (uint32_t)base, out);
  buffer_append_slice(out, buffer_slice(&writing->rows));
  buffer_append_slice(out, buffer_slice(&writing->faults));
  buffer_append_slice(out, buffer_slice(&writing->texts));
}

void catalog_build(const struct catalog_source *sources, size_t count, struct buffer *out) {
  struct drafts drafts = {.sources = sources};
  struct writing writing = {.drafts = &drafts};
  for (size_t i = 0; i < count; i++) drafts_read(&drafts, (uint32_t)i);
  rows_write(&writing);
  drafts_fault_more(&drafts);
  faults_write(&writing);
  image_write(&writing, out);
  buffer_free(&writing.rows);
  buffer_free(&writing.texts);
  buffer_free(&writing.faults);
  drafts_free(&drafts);
}
