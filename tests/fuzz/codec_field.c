// SPDX-License-Identifier: Apache-2.0
/* Accepted field lines, written again from what was parsed, are the same lines but for surrounding white space. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/check.h"
#include "codec/field.h"

enum { COUNT = 8 };
static const struct field_limits limits = {.count = COUNT, .name = 32, .value = 64};

static void field_check(const struct http_field *field) {
  REQUIRE(field_name_valid(field->name) && field->name.len <= limits.name);
  REQUIRE(field_value_valid(field->value) && field->value.len <= limits.value);
  REQUIRE(slice_equal(slice_trim(field->value), field->value));
  unsigned long long length;
  if (field_content_length(field->value, &length)) {
    struct buffer printed = {0};
    buffer_append_decimal(&printed, (long long)length);
    REQUIRE(slice_equal(buffer_slice(&printed), field->value));
    buffer_free(&printed);
  }
  struct slice comma = SLICE_LITERAL(",");
  if (field->value.len == 0 || !memchr(field->value.ptr, ',', field->value.len)) {
    REQUIRE(field_list_has(field->value, field->value));
  } else {
    REQUIRE(!field_list_has(field->value, comma));
  }
}

static void again_check(const struct http_field *fields, unsigned count) {
  struct buffer lines = {0};
  for (unsigned i = 0; i < count; i++) {
    field_check(&fields[i]);
    buffer_append_slice(&lines, fields[i].name);
    buffer_append(&lines, ": ", 2);
    buffer_append_slice(&lines, fields[i].value);
    buffer_append(&lines, "\r\n", 2);
  }
  buffer_append(&lines, "\r\n", 2);
  struct http_field again[COUNT];
  unsigned count_again;
  REQUIRE(field_lines_parse(buffer_slice(&lines), &limits, again, &count_again) == FIELD_OK);
  REQUIRE(count_again == count);
  for (unsigned i = 0; i < count; i++) {
    REQUIRE(slice_equal(again[i].name, fields[i].name) && slice_equal(again[i].value, fields[i].value));
    REQUIRE(field_count(fields, count, fields[i].name) > 0);
    REQUIRE(field_find(fields, count, fields[i].name) <= &fields[i]);
  }
  size_t scanned = 0;
  if (count > 0) REQUIRE(field_head_length(buffer_slice(&lines), &scanned) == lines.len);
  buffer_free(&lines);
}

static void head_check(struct slice text) {
  size_t whole = 0, scanned = 0;
  size_t expected = field_head_length(text, &whole);
  for (size_t len = 0; len <= text.len; len++) {
    size_t found = field_head_length(slice_make(text.ptr, len), &scanned);
    REQUIRE(found == (expected && len >= expected ? expected : 0));
    if (found) break;
  }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  char *text = malloc(size ? size : 1);
  REQUIRE(text != NULL);
  if (size) memcpy(text, data, size);
  struct http_field fields[COUNT];
  unsigned count;
  if (field_lines_parse(slice_make(text, size), &limits, fields, &count) == FIELD_OK) again_check(fields, count);
  head_check(slice_make(text, size));
  free(text);
  return 0;
}
