// SPDX-License-Identifier: Apache-2.0

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/buffer.h"
#include "codec/chunked.h"

/* How a body ended and what it said. */
struct outcome {
  enum chunked_result result;
  struct buffer body; /* owned */
  size_t rest;        /* bytes behind the body */
};

/* Feeds `text` in pieces of at most `piece` bytes, the first one of `first`. */
static struct outcome decode(struct slice text, const struct chunked_limits *limits, size_t first, size_t piece) {
  struct outcome outcome = {.result = CHUNKED_NEED_MORE};
  struct chunked chunked;
  chunked_init(&chunked);
  size_t size = first;
  while (outcome.result == CHUNKED_NEED_MORE && (text.len > 0 || size == 0)) {
    struct slice input = slice_make(text.ptr, text.len < size ? text.len : size);
    size_t given = input.len;
    struct slice data;
    while ((outcome.result = chunked_next(&chunked, limits, &input, &data)) == CHUNKED_DATA) {
      assert_true(data.len > 0);
      buffer_append_slice(&outcome.body, data);
    }
    text = slice_from(text, given - input.len);
    size = piece;
  }
  outcome.rest = text.len;
  return outcome;
}

static void expect_one(struct slice text, const struct chunked_limits *limits, size_t first, size_t piece,
                       enum chunked_result result, const char *body, size_t rest) {
  struct outcome outcome = decode(text, limits, first, piece);
  if (outcome.result != result) fail_msg("%.*s: %d, not %d", (int)text.len, text.ptr, outcome.result, result);
  if (result == CHUNKED_END) {
    assert_true(slice_equal(buffer_slice(&outcome.body), slice_text(body)));
    assert_int_equal(outcome.rest, rest);
  }
  buffer_free(&outcome.body);
}

/* Whole, byte by byte, and cut in two at every place. */
static void expect_rest(struct slice text, enum chunked_result result, const char *body, size_t rest) {
  expect_one(text, &chunked_limits_default, 1, 1, result, body, rest);
  for (size_t split = 0; split <= text.len; split++) {
    expect_one(text, &chunked_limits_default, split, text.len, result, body, rest);
  }
}

static void expect_body(const char *text, const char *body) {
  expect_rest(slice_text(text), CHUNKED_END, body, 0);
}

static void expect_bad(struct slice text) {
  expect_rest(text, CHUNKED_BAD, "", 0);
}

static void chunks_make_a_body(void **state) {
  (void)state;
  expect_body("0\r\n\r\n", "");
  expect_body("5\r\nhello\r\n0\r\n\r\n", "hello");
  expect_body("5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n", "hello 0123456789");
  expect_body("00000005\r\nhello\r\n00000000\r\n\r\n", "hello");
  expect_body("a\r\n\r\n0\r\n\r\n\r\n\r\r\n0\r\n\r\n", "\r\n0\r\n\r\n\r\n\r");
}

static void what_follows_the_body_is_not_touched(void **state) {
  (void)state;
  expect_rest(SLICE_LITERAL("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), CHUNKED_END, "x", 16);
}

static void an_unfinished_body_asks_for_more(void **state) {
  (void)state;
  struct slice text = SLICE_LITERAL("5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n");
  for (size_t len = 0; len < text.len; len++) {
    expect_one(slice_make(text.ptr, len), &chunked_limits_default, 1, 1, CHUNKED_NEED_MORE, "", 0);
  }
}

static void sizes_are_one_to_eight_hexadecimal_digits(void **state) {
  (void)state;
  static const char *const sizes[] = {"0x5",
                                      "+5",
                                      "-5",
                                      "0_5",
                                      " 5",
                                      "5 ",
                                      "",
                                      "zz",
                                      "5;",
                                      "000000005",
                                      "5\t",
                                      "g",
                                      "5,",
                                      "\"5\"",
                                      "5.",
                                      "123456789",
                                      "FFFFFFFFFFFFFFFF",
                                      "5\v",
                                      "\r\n5",
                                      "5 ;a",
                                      "`"};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    struct buffer text = {0};
    buffer_append_format(&text, "%s\r\nhello\r\n0\r\n\r\n", sizes[i]);
    expect_bad(buffer_slice(&text));
    buffer_free(&text);
  }
  expect_bad(SLICE_LITERAL("5\0\r\nhello\r\n0\r\n\r\n"));
}

static void the_largest_size_is_taken(void **state) {
  (void)state;
  struct chunked chunked;
  chunked_init(&chunked);
  struct slice input = SLICE_LITERAL("fFfFfFfF\r\nx"), data;
  assert_int_equal(chunked_next(&chunked, &chunked_limits_default, &input, &data), CHUNKED_DATA);
  assert_int_equal(data.len, 1);
  assert_int_equal(chunked.left, 0xfffffffeULL);
}

static void crlf_is_exact_everywhere(void **state) {
  (void)state;
  static const char *const texts[] = {"5\r\nhelloXX0\r\n\r\n",
                                      "5\r\nhello\n0\r\n\r\n",
                                      "5\r\nhello\r0\r\n\r\n",
                                      "5\r\nhello0\r\n\r\n",
                                      "5\nhello\r\n0\r\n\r\n",
                                      "5\rhello\r\n0\r\n\r\n",
                                      "5\r\nhello\r\n0\n\r\n",
                                      "5\r\nhello\r\n0\r\r\n",
                                      "0\r\n\n",
                                      "0\r\nA: b\n\r\n",
                                      "0\r\nA: b\r\n\n",
                                      "0\r\nA: b\r\r\n",
                                      "0\r\n\r\r",
                                      "0\r\n\rX",
                                      "5\r\r\nhello\r\n0\r\n\r\n",
                                      "5;a\nhello\r\n0\r\n\r\n",
                                      "5\r\nhello\r\n\r\n0\r\n\r\n",
                                      "\n5\r\nhello\r\n0\r\n\r\n",
                                      "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) expect_bad(slice_text(texts[i]));
}

static void extensions_are_checked_and_ignored(void **state) {
  (void)state;
  expect_body("5;name=value\r\nhello\r\n0\r\n\r\n", "hello");
  expect_body("5;n=\"a;b \\\" \\\\ ,\"\r\nhello\r\n0;last\r\n\r\n", "hello");
  expect_body("5;a;b=c;d=\"\"\r\nhello\r\n0\r\n\r\n", "hello");
  static const char *const bad[] = {
      "5;\r\n",           "5;;a\r\n",         "5;a;\r\n",    "5;=v\r\n",    "5;a=\r\n",       "5;a=;b\r\n",
      "5; a\r\n",         "5;a =b\r\n",       "5;a=b c\r\n", "5;a=\"b\r\n", "5;a=\"b\"c\r\n", "5;a=\"\x01\"\r\n",
      "5;a=\"\x7f\"\r\n", "5;a=\"\xff\"\r\n", "5;a\x80\r\n", "5;a\t\r\n",   "5;a==b\r\n",     "5;a=\"\\\n\"\r\n"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) expect_bad(slice_text(bad[i]));
}

static struct buffer with_extension(size_t len, size_t times) {
  struct buffer text = {0};
  for (size_t i = 0; i < times; i++) {
    buffer_append(&text, "1;", 2);
    for (size_t n = 0; n < len; n++) buffer_append(&text, "e", 1);
    buffer_append(&text, "\r\nx\r\n", 5);
  }
  return text;
}

static void an_extension_may_have_256_bytes(void **state) {
  (void)state;
  struct buffer fits = with_extension(256, 1), over = with_extension(257, 1);
  buffer_append(&fits, "0\r\n\r\n", 5);
  expect_one(buffer_slice(&fits), &chunked_limits_default, 1, 1, CHUNKED_END, "x", 0);
  expect_one(buffer_slice(&over), &chunked_limits_default, 1, 1, CHUNKED_BAD, "", 0);
  buffer_free(&fits);
  buffer_free(&over);
}

static void extensions_may_add_up_to_16_kib(void **state) {
  (void)state;
  struct buffer text = with_extension(256, 64);
  expect_one(buffer_slice(&text), &chunked_limits_default, 1, 99, CHUNKED_NEED_MORE, "", 0);
  buffer_append(&text, "0;e\r\n\r\n", 7);
  expect_one(buffer_slice(&text), &chunked_limits_default, 1, 99, CHUNKED_BAD, "", 0);
  buffer_free(&text);
}

static void chunks_are_counted(void **state) {
  (void)state;
  struct buffer text = with_extension(1, 10);
  buffer_append(&text, "0\r\n\r\n", 5);
  struct chunked_limits limits = chunked_limits_default;
  limits.chunks = 10;
  expect_one(buffer_slice(&text), &limits, 1, 99, CHUNKED_END, "xxxxxxxxxx", 0);
  limits.chunks = 9;
  expect_one(buffer_slice(&text), &limits, 1, 99, CHUNKED_BAD, "", 0);
  limits.chunks = 0;
  expect_one(buffer_slice(&text), &limits, 1, 99, CHUNKED_END, "xxxxxxxxxx", 0);
  buffer_free(&text);
}

static void the_default_allows_65536_chunks(void **state) {
  (void)state;
  struct buffer text = {0};
  for (size_t i = 0; i < 65536; i++) buffer_append(&text, "1\r\nx\r\n", 6);
  struct outcome fits = decode(buffer_slice(&text), &chunked_limits_default, 1, text.len);
  assert_int_equal(fits.result, CHUNKED_NEED_MORE);
  assert_int_equal(fits.body.len, 65536);
  buffer_append(&text, "1\r\nx\r\n", 6);
  expect_one(buffer_slice(&text), &chunked_limits_default, 1, text.len, CHUNKED_BAD, "", 0);
  buffer_free(&fits.body);
  buffer_free(&text);
}

static void trailers_are_checked_and_dropped(void **state) {
  (void)state;
  expect_body("1\r\nx\r\n0\r\nContent-Length: 5\r\nHost:h\r\nAuthorization: \t\xff\r\nX:\r\n\r\n", "x");
  static const char *const bad[] = {"0\r\n: v\r\n\r\n",     "0\r\nA : v\r\n\r\n",       "0\r\nA\r\n\r\n",
                                    "0\r\n A: v\r\n\r\n",   "0\r\nA: b\r\n c\r\n\r\n",  "0\r\nA: \x01\r\n\r\n",
                                    "0\r\nA: \x7f\r\n\r\n", "0\r\n\xc3\xa9: b\r\n\r\n", "0\r\nA(b): c\r\n\r\n",
                                    "0\r\nA: b\rc\r\n\r\n"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) expect_bad(slice_text(bad[i]));
  expect_bad(SLICE_LITERAL("0\r\nA: \0\r\n\r\n"));
}

static struct buffer with_trailers(size_t count, size_t value) {
  struct buffer text = {0};
  buffer_append(&text, "0\r\n", 3);
  for (size_t i = 0; i < count; i++) {
    buffer_append(&text, "A:", 2);
    for (size_t n = 0; n < value; n++) buffer_append(&text, "v", 1);
    buffer_append(&text, "\r\n", 2);
  }
  buffer_append(&text, "\r\n", 2);
  return text;
}

static void expect_trailers(size_t count, size_t value, enum chunked_result result) {
  struct buffer text = with_trailers(count, value);
  expect_one(buffer_slice(&text), &chunked_limits_default, 1, 50, result, "", 0);
  buffer_free(&text);
}

static void trailers_are_32_lines_and_8_kib_at_most(void **state) {
  (void)state;
  expect_trailers(32, 1, CHUNKED_END);
  expect_trailers(33, 1, CHUNKED_BAD);
  expect_trailers(1, 8192 - 4, CHUNKED_END);
  expect_trailers(1, 8192 - 3, CHUNKED_BAD);
  expect_trailers(32, 252, CHUNKED_END);
  expect_trailers(32, 253, CHUNKED_BAD);
}

static void the_end_and_a_fault_are_for_good(void **state) {
  (void)state;
  struct chunked chunked;
  chunked_init(&chunked);
  struct slice input = SLICE_LITERAL("0\r\n\r\n0\r\n\r\n"), data;
  assert_int_equal(chunked_next(&chunked, &chunked_limits_default, &input, &data), CHUNKED_END);
  assert_int_equal(chunked_next(&chunked, &chunked_limits_default, &input, &data), CHUNKED_END);
  assert_int_equal(input.len, 5);
  chunked_init(&chunked);
  input = SLICE_LITERAL("z0\r\n\r\n");
  assert_int_equal(chunked_next(&chunked, &chunked_limits_default, &input, &data), CHUNKED_BAD);
  assert_int_equal(chunked_next(&chunked, &chunked_limits_default, &input, &data), CHUNKED_BAD);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chunks_make_a_body),
      cmocka_unit_test(what_follows_the_body_is_not_touched),
      cmocka_unit_test(an_unfinished_body_asks_for_more),
      cmocka_unit_test(sizes_are_one_to_eight_hexadecimal_digits),
      cmocka_unit_test(the_largest_size_is_taken),
      cmocka_unit_test(crlf_is_exact_everywhere),
      cmocka_unit_test(extensions_are_checked_and_ignored),
      cmocka_unit_test(an_extension_may_have_256_bytes),
      cmocka_unit_test(extensions_may_add_up_to_16_kib),
      cmocka_unit_test(chunks_are_counted),
      cmocka_unit_test(the_default_allows_65536_chunks),
      cmocka_unit_test(trailers_are_checked_and_dropped),
      cmocka_unit_test(trailers_are_32_lines_and_8_kib_at_most),
      cmocka_unit_test(the_end_and_a_fault_are_for_good),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
