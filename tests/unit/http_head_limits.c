// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_judge.h"

/* Sizes and counts of a head, at the limit and one above. */

static void buffer_fill(struct buffer *buffer, char c, size_t count) {
  buffer_reserve(buffer, count);
  memset(buffer->data + buffer->len, c, count);
  buffer->len += count;
}

static enum http_refusal judge_sized(const char *before, size_t fill, const char *after) {
  struct buffer head = {0};
  struct http_head out;
  buffer_append_slice(&head, slice_text(before));
  buffer_fill(&head, 'a', fill);
  buffer_append_slice(&head, slice_text(after));
  enum http_refusal verdict = judge_whole(buffer_slice(&head), &out);
  assert_int_equal(judge_bytewise(buffer_slice(&head)), verdict);
  buffer_free(&head);
  return verdict;
}

static void sizes_are_taken_at_the_limit_and_refused_above(void **state) {
  (void)state;
  size_t line = http_limits_default.request_line - strlen("GET / HTTP/1.1");
  assert_int_equal(judge_sized("GET /", line, " HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_ACCEPTED);
  assert_int_equal(judge_sized("GET /", line + 1, " HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_URI_TOO_LONG);
  const char *name = "GET / HTTP/1.1\r\nHost: a\r\n";
  assert_int_equal(judge_sized(name, 256, ": v\r\n\r\n"), HTTP_ACCEPTED);
  assert_int_equal(judge_sized(name, 257, ": v\r\n\r\n"), HTTP_HEADERS_TOO_LARGE);
  const char *value = "GET / HTTP/1.1\r\nHost: a\r\nx: ";
  assert_int_equal(judge_sized(value, 16 * 1024, "\r\n\r\n"), HTTP_ACCEPTED);
  assert_int_equal(judge_sized(value, 16 * 1024 + 1, "\r\n\r\n"), HTTP_HEADERS_TOO_LARGE);
  assert_int_equal(judge_sized("GET / HTTP/1.1\r\nHost: ", 255, "\r\n\r\n"), HTTP_ACCEPTED);
  assert_int_equal(judge_sized("GET / HTTP/1.1\r\nHost: ", 256, "\r\n\r\n"), HTTP_BAD_REQUEST);
}

static enum http_refusal judge_head_of(size_t size) {
  struct buffer head = {0};
  buffer_append_format(&head, "GET / HTTP/1.1\r\nHost: a\r\nx: ");
  buffer_fill(&head, 'a', 16384);
  buffer_append_format(&head, "\r\ny: ");
  buffer_fill(&head, 'a', size - 4 - head.len);
  buffer_append_format(&head, "\r\n\r\n");
  assert_int_equal(head.len, size);
  struct http_head out;
  enum http_refusal verdict = judge_whole(buffer_slice(&head), &out);
  assert_int_equal(judge_bytewise(buffer_slice(&head)), verdict);
  buffer_free(&head);
  return verdict;
}

static void a_head_of_the_limit_is_taken_and_one_byte_more_is_not(void **state) {
  (void)state;
  assert_int_equal(judge_head_of(32 * 1024 - 1), HTTP_ACCEPTED);
  assert_int_equal(judge_head_of(32 * 1024), HTTP_ACCEPTED);
  assert_int_equal(judge_head_of(32 * 1024 + 1), HTTP_HEADERS_TOO_LARGE);
}

static enum http_refusal judge_counted(const char *before, const char *each, unsigned count, const char *after) {
  struct buffer head = {0};
  struct http_head out;
  buffer_append_slice(&head, slice_text(before));
  for (unsigned i = 0; i < count; i++) buffer_append_slice(&head, slice_text(each));
  buffer_append_slice(&head, slice_text(after));
  enum http_refusal verdict = judge_whole(buffer_slice(&head), &out);
  buffer_free(&head);
  return verdict;
}

static void counts_are_taken_at_the_limit_and_refused_above(void **state) {
  (void)state;
  const char *fields = "GET / HTTP/1.1\r\nHost: a\r\n";
  assert_int_equal(judge_counted(fields, "x: y\r\n", 99, "\r\n"), HTTP_ACCEPTED);
  assert_int_equal(judge_counted(fields, "x: y\r\n", 100, "\r\n"), HTTP_HEADERS_TOO_LARGE);
  const char *query = "GET /?a", *end = " HTTP/1.1\r\nHost: a\r\n\r\n";
  assert_int_equal(judge_counted(query, "&a", 127, end), HTTP_ACCEPTED);
  assert_int_equal(judge_counted(query, "&a", 128, end), HTTP_BAD_REQUEST);
}

static void an_endless_head_is_refused_before_its_end(void **state) {
  (void)state;
  struct buffer bytes = {0};
  buffer_fill(&bytes, 'G', 18);
  assert_int_equal(judge_bytewise(buffer_slice(&bytes)), HTTP_BAD_REQUEST);
  buffer_clear(&bytes);
  buffer_append_format(&bytes, "GET /");
  buffer_fill(&bytes, 'a', 8 * 1024);
  assert_int_equal(judge_bytewise(buffer_slice(&bytes)), HTTP_URI_TOO_LONG);
  buffer_clear(&bytes);
  buffer_append_format(&bytes, "GET / HTTP/1.1\r\n");
  buffer_fill(&bytes, 'a', 32 * 1024 - 16);
  assert_int_equal(judge_bytewise(buffer_slice(&bytes)), HTTP_HEADERS_TOO_LARGE);
  bytes.len--;
  assert_int_equal(judge_bytewise(buffer_slice(&bytes)), HTTP_INCOMPLETE);
  buffer_free(&bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_taken_at_the_limit_and_refused_above),
      cmocka_unit_test(a_head_of_the_limit_is_taken_and_one_byte_more_is_not),
      cmocka_unit_test(counts_are_taken_at_the_limit_and_refused_above),
      cmocka_unit_test(an_endless_head_is_refused_before_its_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
