// SPDX-License-Identifier: Apache-2.0
#include "codec/field.h"

#include "codec/scan.h"

/* RFC 9110 section 5.6.2: letters, digits and !#$%&'*+-.^_`|~ */
static const bool tchars[256] = {
    ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true,         ['&'] = true,         ['\''] = true,
    ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,         ['^'] = true,         ['_'] = true,
    ['`'] = true, ['|'] = true, ['~'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

bool field_is_tchar(unsigned char c) {
  return tchars[c];
}

bool field_name_valid(struct slice name) {
  for (size_t i = 0; i < name.len; i++) {
    if (!tchars[(unsigned char)name.ptr[i]]) return false;
  }
  return name.len > 0;
}

/* The first byte at or behind `p` that no field value may hold. */
static const char *value_stop(const char *p, const char *end) {
  while ((p = scan_control(p, end)) < end && *p == '\t') p++;
  return p;
}

bool field_value_valid(struct slice value) {
  const char *end = value.ptr + value.len;
  return value.len == 0 || value_stop(value.ptr, end) == end;
}

static enum field_result name_parse(struct slice *rest, const struct field_limits *limits, struct slice *name) {
  size_t len = 0;
  while (len < rest->len && tchars[(unsigned char)rest->ptr[len]]) len++;
  if (len == rest->len) return FIELD_BAD_LINE_END;
  char stop = rest->ptr[len];
  if (stop == '\n') return FIELD_BAD_LINE_END;
  if (stop == '\r' && (len + 1 == rest->len || rest->ptr[len + 1] != '\n')) return FIELD_BAD_LINE_END;
  if (stop != ':' || len == 0) return FIELD_BAD_NAME;
  if (len > limits->name) return FIELD_NAME_TOO_LONG;
  *name = slice_make(rest->ptr, len);
  *rest = slice_from(*rest, len + 1);
  return FIELD_OK;
}

static enum field_result value_parse(struct slice *rest, const struct field_limits *limits, struct slice *value) {
  const char *end = rest->ptr + rest->len;
  const char *stop = value_stop(rest->ptr, end);
  if (stop == end || *stop == '\n') return FIELD_BAD_LINE_END;
  if (*stop != '\r') return FIELD_BAD_VALUE;
  if (end - stop < 2 || stop[1] != '\n') return FIELD_BAD_LINE_END;
  *value = slice_trim(slice_make(rest->ptr, (size_t)(stop - rest->ptr)));
  if (value->len > limits->value) return FIELD_VALUE_TOO_LONG;
  *rest = slice_from(*rest, (size_t)(stop - rest->ptr) + 2);
  return FIELD_OK;
}

static bool at_fold(struct slice rest) {
  return rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t');
}

enum field_result field_lines_parse(struct slice lines, const struct field_limits *limits, struct http_field *fields,
                                    unsigned *count) {
  *count = 0;
  struct slice rest = lines;
  while (!slice_starts(rest, SLICE_LITERAL("\r\n"))) {
    if (at_fold(rest)) return FIELD_FOLDED;
    struct http_field field;
    enum field_result result = name_parse(&rest, limits, &field.name);
    if (result == FIELD_OK) result = value_parse(&rest, limits, &field.value);
    if (result != FIELD_OK) return result;
    if (*count == limits->count) return FIELD_TOO_MANY;
    fields[(*count)++] = field;
  }
  return rest.len == 2 ? FIELD_OK : FIELD_BAD_LINE_END;
}

size_t field_head_length(struct slice bytes, size_t *scanned) {
  static const char end[] = {'\r', '\n', '\r', '\n'};
  size_t from = *scanned > sizeof end - 1 ? *scanned - (sizeof end - 1) : 0;
  *scanned = bytes.len;
  if (bytes.len - from < sizeof end) return 0;
  const char *found = memmem(bytes.ptr + from, bytes.len - from, end, sizeof end);
  return found ? (size_t)(found - bytes.ptr) + sizeof end : 0;
}

const struct http_field *field_find(const struct http_field *fields, unsigned count, struct slice name) {
  for (unsigned i = 0; i < count; i++) {
    if (slice_equal_caseless(fields[i].name, name)) return &fields[i];
  }
  return NULL;
}

struct slice field_value(const struct http_field *fields, unsigned count, struct slice name) {
  const struct http_field *field = field_find(fields, count, name);
  return field ? field->value : (struct slice){0};
}

unsigned field_count(const struct http_field *fields, unsigned count, struct slice name) {
  unsigned found = 0;
  for (unsigned i = 0; i < count; i++) found += slice_equal_caseless(fields[i].name, name);
  return found;
}

bool field_content_length(struct slice value, unsigned long long *out) {
  if (value.len == 0 || value.len > 15) return false;
  if (value.ptr[0] == '0' && value.len > 1) return false;
  long long length;
  if (!slice_decimal(value, &length)) return false;
  *out = (unsigned long long)length;
  return true;
}

bool field_list_has(struct slice value, struct slice token) {
  for (;;) {
    const char *comma = value.len ? memchr(value.ptr, ',', value.len) : NULL;
    size_t len = comma ? (size_t)(comma - value.ptr) : value.len;
    if (slice_equal_caseless(slice_trim(slice_make(value.ptr, len)), token)) return true;
    if (!comma) return false;
    value = slice_from(value, len + 1);
  }
}
