// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/parser.h"
#include "http/target.h"

/* Arbitrary bytes as a request head. What our scanner accepts and strict llhttp agrees with must be a request that
 * holds every rule of ours when it is read back with other eyes; what arrives in two pieces gets the verdict of the
 * whole. */

static void field_check(const struct http_field *field, struct slice bytes) {
  REQUIRE(field->name.ptr >= bytes.ptr && field->value.ptr + field->value.len <= bytes.ptr + bytes.len);
  REQUIRE(field_name_valid(field->name));
  REQUIRE(field_value_valid(field->value));
}

static void line_ends_check(struct slice bytes) {
  for (size_t i = 0; i < bytes.len; i++) {
    if (bytes.ptr[i] == '\r') REQUIRE(i + 1 < bytes.len && bytes.ptr[i + 1] == '\n');
    if (bytes.ptr[i] == '\n') REQUIRE(i > 0 && bytes.ptr[i - 1] == '\r');
    REQUIRE(bytes.ptr[i] != 0);
  }
}

static void framing_check(const struct http_head *head) {
  const struct http_request *request = &head->request;
  unsigned lengths = field_count(request->fields, request->field_count, SLICE_LITERAL("content-length"));
  unsigned codings = field_count(request->fields, request->field_count, SLICE_LITERAL("transfer-encoding"));
  unsigned hosts = field_count(request->fields, request->field_count, SLICE_LITERAL("host"));
  REQUIRE(lengths + codings <= 1 && hosts <= 1 && (hosts == 1 || request->minor == 0));
  REQUIRE(head->framing.has_length == (lengths == 1) && head->framing.chunked == (codings == 1));
  REQUIRE(hosts == 0 || http_host_valid(head->framing.host));
}

static void accepted_check(struct slice bytes, const struct http_head *head) {
  REQUIRE(bytes.len <= http_limits_default.head);
  REQUIRE(head->request.method.len > 0 && head->request.path.len > 0);
  REQUIRE(head->request.path.ptr[0] == '/' || slice_equal(head->request.path, SLICE_LITERAL("*")));
  for (unsigned i = 0; i < head->request.field_count; i++) field_check(&head->request.fields[i], bytes);
  line_ends_check(bytes);
  framing_check(head);
}

/* No beginning of an acceptable head is refused before its end has come. */
static void prefixes_check(struct slice bytes) {
  size_t step = bytes.len / 64 + 1, from = 0;
  for (size_t len = 1; len < bytes.len; len += step) {
    REQUIRE(http_head_glance(slice_make(bytes.ptr, len), from, &http_limits_default) == HTTP_ACCEPTED);
    from = len;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice bytes = slice_make((const char *)data, size);
  size_t scanned = 0, length = field_head_length(bytes, &scanned);
  http_head_glance(bytes, 0, &http_limits_default);
  struct slice head_bytes = slice_make(bytes.ptr, length ? length : size);
  struct http_field fields[100];
  struct http_head head;
  if (http_head_parse(head_bytes, &http_limits_default, fields, &head) != HTTP_ACCEPTED) return 0;
  REQUIRE(length == head_bytes.len);
  accepted_check(head_bytes, &head);
  prefixes_check(head_bytes);
  struct http_parser *parser = http_parser_open();
  http_parser_agrees(parser, head_bytes, &head);
  http_parser_close(parser);
  return 0;
}
