// SPDX-License-Identifier: Apache-2.0
#include "upstream_outcome.h"

/* Every limit of a response, at the limit and one above it. */

/* A response whose head is exactly `size` bytes, or has a value of exactly that size. */
static struct outcome read_padded(size_t size, bool one_value) {
  struct buffer bytes = {0};
  buffer_append_format(&bytes, OK "Content-Length: 1\r\n");
  size_t fields = 0;
  while (!one_value && bytes.len + 8000 + 100 < size) {
    buffer_append_format(&bytes, "F%zu: ", fields++);
    for (int i = 0; i < 8000; i++) buffer_append(&bytes, "x", 1);
    buffer_append(&bytes, "\r\n", 2);
  }
  buffer_append_format(&bytes, "Last: ");
  size_t pad = one_value ? size : size - bytes.len - 4;
  for (size_t i = 0; i < pad; i++) buffer_append(&bytes, "y", 1);
  buffer_append_format(&bytes, "\r\n\r\nx");
  struct outcome whole = read_response(buffer_slice(&bytes), bytes.len, 1, false, 0);
  struct outcome cut = read_response(buffer_slice(&bytes), 1000, 1000, false, 0);
  assert_int_equal(whole.status, cut.status);
  if (whole.code || cut.code) assert_string_equal(whole.code, cut.code);
  buffer_free(&cut.body);
  buffer_free(&bytes);
  return whole;
}

static void expect_size(size_t size, bool one_value, const char *code) {
  struct outcome outcome = read_padded(size, one_value);
  if (code) {
    assert_string_equal(outcome.code, code);
  } else {
    assert_null(outcome.code);
    assert_int_equal(outcome.body.len, 1);
  }
  buffer_free(&outcome.body);
}

static void a_head_may_have_64_kib_and_not_one_byte_more(void **state) {
  (void)state;
  expect_size(RESPONSE_HEAD_MAX, false, NULL);
  expect_size(RESPONSE_HEAD_MAX + 1, false, "upstream_headers_too_large");
  expect_size(3 * RESPONSE_HEAD_MAX, false, "upstream_headers_too_large");
}

static void a_field_value_may_have_16_kib_and_not_one_byte_more(void **state) {
  (void)state;
  expect_size(RESPONSE_VALUE_MAX, true, NULL);
  expect_size(RESPONSE_VALUE_MAX + 1, true, "upstream_headers_too_large");
  expect_size(120 * 1024, true, "upstream_headers_too_large");
}

static struct outcome read_fields(unsigned count) {
  struct buffer bytes = {0};
  buffer_append_format(&bytes, OK);
  for (unsigned i = 1; i < count; i++) buffer_append_format(&bytes, "F%u: v\r\n", i);
  buffer_append_format(&bytes, "Content-Length: 0\r\n\r\n");
  struct outcome outcome = read_response(buffer_slice(&bytes), bytes.len, 1, false, 0);
  buffer_free(&bytes);
  return outcome;
}

static void a_head_may_have_256_fields_and_not_one_more(void **state) {
  (void)state;
  assert_null(read_fields(RESPONSE_FIELDS_MAX).code);
  assert_string_equal(read_fields(RESPONSE_FIELDS_MAX + 1).code, "upstream_headers_too_large");
}

static struct outcome read_interim(unsigned count) {
  struct buffer bytes = {0};
  for (unsigned i = 0; i < count; i++) buffer_append_format(&bytes, "HTTP/1.1 100 Continue\r\n\r\n");
  buffer_append_format(&bytes, OK "Content-Length: 0\r\n\r\n");
  struct outcome outcome = read_response(buffer_slice(&bytes), bytes.len, 1, false, 0);
  buffer_free(&bytes);
  return outcome;
}

static void thirty_two_interim_responses_are_skipped_and_not_one_more(void **state) {
  (void)state;
  assert_null(read_interim(32).code);
  assert_string_equal(read_interim(33).code, "upstream_bad_response");
  assert_string_equal(read_interim(5000).code, "upstream_bad_response");
}

static void expect_limit(struct slice bytes, uint64_t limit, const char *code) {
  struct outcome outcome = read_response(bytes, bytes.len, 1, false, limit);
  if (code) {
    assert_string_equal(outcome.code, code);
  } else {
    assert_null(outcome.code);
  }
  assert_true(outcome.body.len <= limit);
  buffer_free(&outcome.body);
}

static void a_body_may_have_the_limit_and_not_one_byte_more(void **state) {
  (void)state;
  struct slice length = BYTES(OK "Content-Length: 5\r\n\r\nhello");
  struct slice chunked = BYTES(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
  struct slice until_close = BYTES(OK "\r\nhello");
  expect_limit(length, 5, NULL);
  expect_limit(length, 4, "upstream_too_large");
  expect_limit(chunked, 5, NULL);
  expect_limit(chunked, 4, "upstream_too_large");
  expect_limit(until_close, 5, NULL);
  expect_limit(until_close, 4, "upstream_too_large");
}

static void an_announced_length_above_the_limit_is_refused_before_the_head_is_told(void **state) {
  (void)state;
  struct outcome outcome = read_response(BYTES(OK "Content-Length: 6\r\n\r\n"), 100, 1, false, 5);
  assert_string_equal(outcome.code, "upstream_too_large");
  assert_int_equal(outcome.status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_head_may_have_64_kib_and_not_one_byte_more),
      cmocka_unit_test(a_field_value_may_have_16_kib_and_not_one_byte_more),
      cmocka_unit_test(a_head_may_have_256_fields_and_not_one_more),
      cmocka_unit_test(thirty_two_interim_responses_are_skipped_and_not_one_more),
      cmocka_unit_test(a_body_may_have_the_limit_and_not_one_byte_more),
      cmocka_unit_test(an_announced_length_above_the_limit_is_refused_before_the_head_is_told),
  };
  return cmocka_run_group_tests_name("upstream response limit", tests, setup, NULL);
}
