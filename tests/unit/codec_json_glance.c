// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "codec/json.h"

/* Looking for a member in the beginning of a document. */

/* In a copy of exactly these bytes. */
static bool glance(struct slice text, struct buffer *out) {
  struct slice raw;
  char *copy = malloc(text.len ? text.len : 1);
  assert_non_null(copy);
  if (text.len) memcpy(copy, text.ptr, text.len);
  bool found = json_glance(slice_make(copy, text.len), SLICE_LITERAL("model"), &raw);
  buffer_clear(out);
  if (found) json_string_decode(raw, out);
  free(copy);
  return found;
}

static void expect(const char *text, const char *expected) {
  struct buffer out = {0};
  bool found = glance(slice_text(text), &out);
  if (found != (expected != NULL) || (expected && !slice_equal(buffer_slice(&out), slice_text(expected))))
    fail_msg("%s gives %.*s", text, (int)out.len, out.len ? out.data : "");
  buffer_free(&out);
}

static void the_first_member_of_the_top_counts(void **state) {
  (void)state;
  expect("{\"model\":\"a\"}", "a");
  expect(" \n{ \"x\" : 1.5e3 , \"model\" : \"a\" , \"model\":\"b\"}", "a");
  expect("{\"a\":{\"model\":\"no\"},\"b\":[{\"model\":\"no\"},\"}\",\"\\\"]\"],\"model\":\"yes\"}", "yes");
  expect("{\"a\":\"model\",\"model\":\"b\"", "b");
  expect("{\"a\":null,\"b\":true,\"model\":\"\"", "");
}

static void names_and_values_may_have_escapes(void **state) {
  (void)state;
  expect("{\"\\u006dodel\":\"a\\u0062\\n\"}", "ab\n");
  expect("{\"mod\\\\el\":\"a\",\"model\":\"b\"}", "b");
}

static void what_is_cut_is_found_once_it_is_there(void **state) {
  (void)state;
  const char *text = "{\"a\":{\"b\":[1,\"x\\\"\"]},\"model\":\"abc\",\"text\":\"long";
  size_t end = (size_t)(strstr(text, "\"abc\"") - text) + 5;
  struct buffer out = {0};
  for (size_t len = 0; len <= strlen(text); len++) {
    assert_int_equal(glance(slice_make(text, len), &out), len >= end);
  }
  buffer_free(&out);
}

static void anything_else_is_not_found(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "[",
                                      "[{\"model\":\"a\"}]",
                                      "\"model\":\"a\"",
                                      "{}",
                                      "{\"model\":1}",
                                      "{\"model\":{\"model\":\"a\"}}",
                                      "{\"a\" \"model\":\"a\"}",
                                      "{\"a\":,\"model\":\"a\"}",
                                      "{\"a\":1 \"model\":\"a\"}",
                                      "{model:\"a\"}",
                                      "{\"\xff\":1,\"model\":\"a\"}",
                                      "{\"model\":\"\xff\"}",
                                      "{\"model\":\"a\nb\"}",
                                      "{\"a\":]]]]\",\"model\":\"a\"}",
                                      "--boundary\r\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) expect(texts[i], NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_member_of_the_top_counts),
      cmocka_unit_test(names_and_values_may_have_escapes),
      cmocka_unit_test(what_is_cut_is_found_once_it_is_there),
      cmocka_unit_test(anything_else_is_not_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
