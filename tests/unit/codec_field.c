// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "base/buffer.h"
#include "codec/field.h"

enum { COUNT = 100 };
static const struct field_limits limits = {.count = COUNT, .name = 256, .value = 16384};

static struct http_field fields[COUNT];
static unsigned count;

/* Parses a private copy of exactly these bytes, so that a sanitizer sees every read beyond them. */
static enum field_result parse(struct slice lines) {
  char *copy = malloc(lines.len ? lines.len : 1);
  assert_non_null(copy);
  memcpy(copy, lines.ptr, lines.len);
  enum field_result result = field_lines_parse(slice_make(copy, lines.len), &limits, fields, &count);
  for (unsigned i = 0; i < count; i++) { /* back into the caller's text */
    fields[i].name.ptr = lines.ptr + (fields[i].name.ptr - copy);
    fields[i].value.ptr = lines.ptr + (fields[i].value.ptr - copy);
  }
  free(copy);
  return result;
}

static void expect_field(unsigned at, const char *name, const char *value) {
  assert_true(slice_equal(fields[at].name, slice_text(name)));
  assert_true(slice_equal(fields[at].value, slice_text(value)));
}

static void lines_become_names_and_values(void **state) {
  (void)state;
  assert_int_equal(
      parse(SLICE_LITERAL("Host: a:80\r\nX-Empty:\r\nx_y:\t v \t\r\nAccept:a\tb, c\r\nZ:\xc3\xa9\r\n\r\n")), FIELD_OK);
  assert_int_equal(count, 5);
  expect_field(0, "Host", "a:80");
  expect_field(1, "X-Empty", "");
  expect_field(2, "x_y", "v");
  expect_field(3, "Accept", "a\tb, c");
  expect_field(4, "Z", "\xc3\xa9");
  assert_int_equal(parse(SLICE_LITERAL("\r\n")), FIELD_OK);
  assert_int_equal(count, 0);
}

static void only_crlf_ends_a_line(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "\r",
                                      "\n",
                                      "A: b",
                                      "A: b\r",
                                      "A: b\r\n",
                                      "A: b\n\r\n",
                                      "A: b\n\n",
                                      "A: b\r\r\n",
                                      "A: b\rc\r\n\r\n",
                                      "A: b\r\n\n",
                                      "A: b\r\n\rX",
                                      "A: b\r\n\r\nx",
                                      "\r\n\r\n",
                                      "A\n: b\r\n\r\n",
                                      "A\r: b\r\n\r\n",
                                      "A: b\nC: d\r\n\r\n",
                                      "X-Abc:\rxTransfer-Encoding: chunked\r\n\r\n",
                                      "A",
                                      "A: b\r\n\r"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    if (parse(slice_text(texts[i])) != FIELD_BAD_LINE_END) fail_msg("%zu: %s", i, texts[i]);
  }
}

static void a_name_is_a_token_directly_before_its_colon(void **state) {
  (void)state;
  static const char *const texts[] = {
      ": v\r\n\r\n",      "A : v\r\n\r\n",    "A\t: v\r\n\r\n",         "A v\r\n\r\n",
      "A\r\n\r\n",        "A(b): v\r\n\r\n",  "\xc3\xa9: v\r\n\r\n",    "A\x7f: v\r\n\r\n",
      "A\x01: v\r\n\r\n", "\"A\": v\r\n\r\n", "A: b\r\nA b: c\r\n\r\n", "A@: v\r\n\r\n",
      "A/: v\r\n\r\n"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    if (parse(slice_text(texts[i])) != FIELD_BAD_NAME) fail_msg("%zu: %s", i, texts[i]);
  }
  assert_int_equal(parse(SLICE_LITERAL("A\0: v\r\n\r\n")), FIELD_BAD_NAME);
}

static void a_folded_line_is_refused(void **state) {
  (void)state;
  assert_int_equal(parse(SLICE_LITERAL("A: b\r\n c\r\n\r\n")), FIELD_FOLDED);
  assert_int_equal(parse(SLICE_LITERAL("A: b\r\n\tc: d\r\n\r\n")), FIELD_FOLDED);
  assert_int_equal(parse(SLICE_LITERAL("Transfer-Encoding:\r\n chunked\r\n\r\n")), FIELD_FOLDED);
  assert_int_equal(parse(SLICE_LITERAL(" A: b\r\n\r\n")), FIELD_FOLDED);
  assert_int_equal(parse(SLICE_LITERAL("A: b\r\n \r\n\r\n")), FIELD_FOLDED);
}

static void no_control_character_passes_in_a_value(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    for (size_t before = 0; before < 20; before++) { /* at every place of a block */
      struct buffer text = {0};
      buffer_append(&text, "A:", 2);
      for (size_t i = 0; i < before; i++) buffer_append(&text, "v", 1);
      buffer_append(&text, &(char){(char)c}, 1);
      buffer_append(&text, "vvvvvvvvvvvvvvvvvvvv\r\n\r\n", 24);
      enum field_result expected = c == '\r' || c == '\n'                 ? FIELD_BAD_LINE_END
                                   : (c < 0x20 && c != '\t') || c == 0x7f ? FIELD_BAD_VALUE
                                                                          : FIELD_OK;
      assert_int_equal(parse(buffer_slice(&text)), expected);
      struct slice value = slice_make(text.data + 2, before + 3);
      assert_int_equal(field_value_valid(value), expected == FIELD_OK);
      buffer_free(&text);
    }
  }
}

static enum field_result parse_sized(size_t name, size_t value) {
  struct buffer text = {0};
  for (size_t i = 0; i < name; i++) buffer_append(&text, "n", 1);
  buffer_append(&text, ": ", 2);
  for (size_t i = 0; i < value; i++) buffer_append(&text, "v", 1);
  buffer_append(&text, " \r\n\r\n", 5);
  enum field_result result = parse(buffer_slice(&text));
  buffer_free(&text);
  return result;
}

static void names_and_values_are_bounded(void **state) {
  (void)state;
  assert_int_equal(parse_sized(256, 16384), FIELD_OK);
  assert_int_equal(parse_sized(257, 1), FIELD_NAME_TOO_LONG);
  assert_int_equal(parse_sized(1, 16385), FIELD_VALUE_TOO_LONG);
}

static void a_hundred_fields_are_the_most(void **state) {
  (void)state;
  struct buffer text = {0};
  for (int i = 0; i < COUNT; i++) buffer_append_format(&text, "A%d: %d\r\n", i, i);
  buffer_append(&text, "\r\n", 2);
  assert_int_equal(parse(buffer_slice(&text)), FIELD_OK);
  assert_int_equal(count, COUNT);
  text.len -= 2;
  buffer_append(&text, "B: 1\r\n\r\n", 8);
  assert_int_equal(parse(buffer_slice(&text)), FIELD_TOO_MANY);
  buffer_free(&text);
}

static void a_head_ends_with_its_first_empty_line(void **state) {
  (void)state;
  struct slice text = SLICE_LITERAL("GET / HTTP/1.1\r\nA: b\r\n\r\nrest\r\n\r\n");
  size_t scanned = 0;
  assert_int_equal(field_head_length(text, &scanned), 24);
  for (size_t step = 1; step <= 5; step++) {
    scanned = 0;
    for (size_t len = 0; len <= text.len; len += step) {
      size_t found = field_head_length(slice_make(text.ptr, len), &scanned);
      assert_int_equal(found, len < 24 ? 0 : 24);
      if (found) break;
    }
  }
  scanned = 0;
  assert_int_equal(field_head_length(SLICE_LITERAL("A\n\nB\r\n\rX\r\r\n\n"), &scanned), 0);
  scanned = 0;
  assert_int_equal(field_head_length(slice_make(NULL, 0), &scanned), 0);
}

static void fields_are_found_whatever_their_case(void **state) {
  (void)state;
  assert_int_equal(parse(SLICE_LITERAL("Host: a\r\nhost: b\r\nHosts: c\r\n\r\n")), FIELD_OK);
  assert_ptr_equal(field_find(fields, count, SLICE_LITERAL("HOST")), &fields[0]);
  assert_int_equal(field_count(fields, count, SLICE_LITERAL("hoSt")), 2);
  assert_null(field_find(fields, count, SLICE_LITERAL("hos")));
  assert_int_equal(field_count(fields, count, SLICE_LITERAL("x")), 0);
}

static void a_content_length_is_plain_decimal(void **state) {
  (void)state;
  unsigned long long length = 0;
  assert_true(field_content_length(SLICE_LITERAL("0"), &length) && length == 0);
  assert_true(field_content_length(SLICE_LITERAL("10"), &length) && length == 10);
  assert_true(field_content_length(SLICE_LITERAL("999999999999999"), &length) && length == 999999999999999ULL);
  static const char *const bad[] = {"",
                                    "+5",
                                    "-5",
                                    "0x5",
                                    "5x",
                                    "1 0",
                                    "0_5",
                                    "1e1",
                                    " ",
                                    "005",
                                    "00",
                                    "5 ",
                                    " 5",
                                    "\xd9\xa5",
                                    "1000000000000000",
                                    "18446744073709551616",
                                    "5,5",
                                    "5\t",
                                    "1."};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (field_content_length(slice_text(bad[i]), &length)) fail_msg("accepted: %s", bad[i]);
  }
  assert_false(field_content_length(SLICE_LITERAL("5\0"), &length));
}

static void a_list_is_searched_token_by_token(void **state) {
  (void)state;
  struct slice close = SLICE_LITERAL("close");
  static const char *const with[] = {"close", "Close", " close\t", "keep-alive, close", "close,x", "a,,\tCLOSE ,b"};
  static const char *const without[] = {"", "closed", "x-close", "close x", "clo,se", ",", "\"close\"", "close\v"};
  for (size_t i = 0; i < 6; i++) assert_true(field_list_has(slice_text(with[i]), close));
  for (size_t i = 0; i < 8; i++) assert_false(field_list_has(slice_text(without[i]), close));
}

static void names_and_values_to_be_written_are_checked(void **state) {
  (void)state;
  assert_true(field_name_valid(SLICE_LITERAL("X-Request-ID")));
  assert_true(field_name_valid(SLICE_LITERAL("!#$%&'*+-.^_`|~09azAZ")));
  assert_false(field_name_valid(SLICE_LITERAL("")));
  assert_false(field_name_valid(SLICE_LITERAL("a b")));
  assert_false(field_name_valid(SLICE_LITERAL("a:")));
  assert_true(field_value_valid(SLICE_LITERAL("")));
  assert_true(field_value_valid(SLICE_LITERAL("a\t\xff")));
  assert_false(field_value_valid(SLICE_LITERAL("a\r\nb: c")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_become_names_and_values),
      cmocka_unit_test(only_crlf_ends_a_line),
      cmocka_unit_test(a_name_is_a_token_directly_before_its_colon),
      cmocka_unit_test(a_folded_line_is_refused),
      cmocka_unit_test(no_control_character_passes_in_a_value),
      cmocka_unit_test(names_and_values_are_bounded),
      cmocka_unit_test(a_hundred_fields_are_the_most),
      cmocka_unit_test(a_head_ends_with_its_first_empty_line),
      cmocka_unit_test(fields_are_found_whatever_their_case),
      cmocka_unit_test(a_content_length_is_plain_decimal),
      cmocka_unit_test(a_list_is_searched_token_by_token),
      cmocka_unit_test(names_and_values_to_be_written_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
