// SPDX-License-Identifier: Apache-2.0
#include "catalog/names.h"

#include <stdlib.h>

#include "codec/json.h"

static const struct json_limits limits = {
    .depth = 32, .tokens = 4000000, .key_len = 1024, .number_len = 512, .keys_per_object = 100000};

static bool is_name(struct slice text) {
  if (text.len == 0 || text.len > NAME_LENGTH_MAX) return false;
  for (size_t i = 0; i < text.len; i++) {
    if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f) return false;
  }
  return true;
}

/* The value's text without its quotes and the prefix, or a null slice. */
static struct slice name_of(struct slice raw, struct slice prefix) {
  struct slice text;
  if (json_type_of(raw) != JSON_STRING || !json_string_plain(raw, &text)) return (struct slice){0};
  if (prefix.len > 0 && slice_starts(text, prefix)) text = slice_from(text, prefix.len);
  return is_name(text) ? text : (struct slice){0};
}

static struct slice entry_name(struct slice entry, const struct names_shape *shape) {
  if (json_type_of(entry) != JSON_OBJECT) return name_of(entry, shape->prefix);
  for (unsigned i = 0; i < shape->member_count; i++) {
    const struct json_step step = {shape->members[i], -1};
    struct slice raw, name;
    if (!json_find(entry, &step, 1, &raw)) continue;
    name = name_of(raw, shape->prefix);
    if (name.ptr) return name;
  }
  return (struct slice){0};
}

static bool list_find(struct slice text, struct slice name, struct slice *list) {
  const struct json_step step = {name, -1};
  *list = text;
  if (name.len > 0 && !json_find(text, &step, 1, list)) return false;
  return json_type_of(*list) == JSON_ARRAY;
}

static int order(const void *one, const void *other) {
  const struct slice *a = one, *b = other;
  int result = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
  return result != 0 ? result : (a->len > b->len) - (a->len < b->len);
}

static long names_write(struct slice *names, size_t count, struct buffer *out) {
  long written = 0;
  if (count > 1) qsort(names, count, sizeof *names, order);
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && slice_equal(names[i], names[i - 1])) continue;
    if (written++ > 0) buffer_append(out, "\n", 1);
    buffer_append_slice(out, names[i]);
  }
  return written;
}

long names_read(struct slice text, const struct names_shape *shape, struct buffer *out) {
  struct json_fault fault;
  struct json_reader reader;
  struct slice list, entry;
  if (json_validate(text, &limits, &fault) < 0) return -1;
  while (text.len > 0 && (unsigned char)text.ptr[0] <= ' ') text = slice_from(text, 1);
  if (!list_find(text, shape->list, &list)) return -1;
  struct buffer names = {0};
  json_reader_start(&reader, list);
  json_reader_next(&reader, &entry);
  while (json_reader_value(&reader, &entry)) {
    struct slice name = entry_name(entry, shape);
    if (name.ptr) buffer_append(&names, &name, sizeof name);
  }
  long count = names_write((struct slice *)(void *)names.data, names.len / sizeof(struct slice), out);
  buffer_free(&names);
  return count;
}
