// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"
#include "codec/utf8.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

static bool accepted(const char *text, const struct json_limits *limits) {
  struct json_fault fault;
  return json_validate(slice_text(text), limits, &fault) == 0;
}

static void assert_decoded(const char *raw, const char *expected) {
  struct buffer out = {0};
  json_string_decode(slice_text(raw), &out);
  assert_int_equal(out.len, strlen(expected));
  assert_memory_equal(out.data, expected, out.len);
  buffer_free(&out);
}

static void cut_characters_are_for_the_lenient_only(void **state) {
  (void)state;
  static const char *const texts[] = {"\"\\ud83d\"",        "\"\\ude00\"",  "\"\\ud83dx\"",     "\"\\ud83d\\n\"",
                                      "\"\\ud83d\\ud83d\"", "\"\xc3\"",     "\"\xa4x\"",        "\"\xff\"",
                                      "\"\xed\xa0\xbd\"",   "{\"\xc3\":1}", "\"\xf0\x9f\x98\"", "\"\xc0\x80\""};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    assert_false(accepted(texts[i], &json_limits_default));
    assert_true(accepted(texts[i], &json_limits_lenient));
  }
}

static void all_else_stays_strict(void **state) {
  (void)state;
  static const char *const texts[] = {"\"\\ud83\"", "\"\\uzzzz\"", "\"\n\"", "\"\\x\"",
                                      "\"a",        "\"\xc3",      "[1,]",   "{\"a\":1,\"a\":1}"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_false(accepted(texts[i], &json_limits_lenient));
}

static void lone_halves_decode_to_three_bytes(void **state) {
  (void)state;
  assert_decoded("\"\\ud83d\"", "\xed\xa0\xbd");
  assert_decoded("\"a\\ude00b\"",
                 "a\xed\xb8\x80"
                 "b");
  assert_decoded("\"\\ud83d\\n\"", "\xed\xa0\xbd\n");
  assert_decoded("\"\\ud83d\\u0041\"",
                 "\xed\xa0\xbd"
                 "A");
  assert_decoded("\"\\ud83d\\ud83d\\ude00\"", "\xed\xa0\xbd\xf0\x9f\x98\x80");
  assert_decoded("\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80");
  assert_decoded("\"\xc3\"", "\xc3");
}

static size_t unfinished(const char *text) {
  return utf8_unfinished(slice_text(text));
}

static void the_beginning_of_a_character_waits(void **state) {
  (void)state;
  assert_int_equal(unfinished(""), 0);
  assert_int_equal(unfinished("abc"), 0);
  assert_int_equal(unfinished("\xc3\xa4"), 0);
  assert_int_equal(unfinished("a\xc3"), 1);
  assert_int_equal(unfinished("a\xe2\x82"), 2);
  assert_int_equal(unfinished("a\xf0\x9f\x98"), 3);
  assert_int_equal(unfinished("\xf0\x9f"), 2);
  assert_int_equal(unfinished("\xf0\x9f\x98\x80"), 0);
  assert_int_equal(unfinished("x\xed\xa0\xbd"), 3);
}

static void what_can_never_be_a_character_does_not_wait(void **state) {
  (void)state;
  assert_int_equal(unfinished("\xff"), 0);
  assert_int_equal(unfinished("\xc0"), 0);
  assert_int_equal(unfinished("\x80"), 0);
  assert_int_equal(unfinished("\xa4\xa4\xa4\xa4"), 0);
  assert_int_equal(unfinished("\xe0\x80"), 0);
  assert_int_equal(unfinished("\xf4\x90"), 0);
  assert_int_equal(unfinished("\xf5"), 0);
  assert_int_equal(unfinished("\xed\xb8\x80"), 0);
}

static void two_halves_make_one_character(void **state) {
  (void)state;
  struct slice high = SLICE_LITERAL("a\xed\xa0\xbd"), low = SLICE_LITERAL("\xed\xb8\x80z"), none = SLICE_LITERAL("ab");
  assert_int_equal(utf8_pair(high, low), 0x1f600);
  assert_int_equal(utf8_pair(low, high), 0);
  assert_int_equal(utf8_pair(high, high), 0);
  assert_int_equal(utf8_pair(none, low), 0);
  assert_int_equal(utf8_pair(high, none), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cut_characters_are_for_the_lenient_only),
      cmocka_unit_test(all_else_stays_strict),
      cmocka_unit_test(lone_halves_decode_to_three_bytes),
      cmocka_unit_test(the_beginning_of_a_character_waits),
      cmocka_unit_test(what_can_never_be_a_character_does_not_wait),
      cmocka_unit_test(two_halves_make_one_character),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
