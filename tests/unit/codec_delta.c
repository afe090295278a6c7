// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "codec/delta.h"

/* Reads a private copy of exactly these bytes, so that a sanitizer sees every read beyond them. */
static struct slice copied(const char *text) {
  size_t len = strlen(text);
  char *copy = malloc(len ? len : 1);
  assert_non_null(copy);
  memcpy(copy, text, len);
  return slice_make(copy, len);
}

/* What is found: `name choice tool raw;` each, then `!choice` for the finished ones, then flags. */
static void told(const struct delta *delta, struct buffer *out) {
  for (size_t i = 0; i < delta_count(delta); i++) {
    const struct delta_text *text = delta_at(delta, i);
    buffer_append_format(out, "%s %ld %ld %.*s;", text->name ? text->name : "-", text->choice, text->tool,
                         (int)text->raw.len, text->raw.ptr);
  }
  for (size_t i = 0; i < delta->finished.len / sizeof(long); i++) {
    buffer_append_format(out, "!%ld", ((const long *)(const void *)delta->finished.data)[i]);
  }
  if (delta->more) buffer_append(out, "+", 1);
  if (delta->error) buffer_append(out, "E", 1);
  if (delta->no_choices) buffer_append(out, "0", 1);
  if (delta->usage.ptr) buffer_append(out, "U", 1);
}

static void assert_told(const char *expected, const char *chunk) {
  struct delta delta = {0};
  struct buffer out = {0};
  struct slice bytes = copied(chunk);
  bool read = delta_read(&delta, bytes);
  if (read) told(&delta, &out);
  buffer_append(&out, read ? "" : "unreadable", read ? 1 : 11);
  assert_string_equal(out.data, expected);
  free((char *)(uintptr_t)bytes.ptr);
  buffer_free(&out);
  delta_free(&delta);
}

static void finds_texts_by_choice(void **state) {
  (void)state;
  assert_told("content 0 -1 \"a\";", "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}");
  assert_told(
      "content 2 -1 \"a\";content 0 -1 \"b\";",
      "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"index\":2},{\"index\":0,\"delta\":{\"content\":\"b\"}}]}");
  assert_told("content 0 -1 \"a\";content 1 -1 \"b\";",
              "{\"choices\":[{\"delta\":{\"content\":\"a\"}},{\"delta\":{\"content\":\"b\"}}]}");
  assert_told("reasoning_content 0 -1 \"r\";refusal 0 -1 \"n\";reasoning 0 -1 \"s\";",
              "{\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"r\",\"refusal\":\"n\",\"reasoning\":\"s\","
              "\"content\":null}}]}");
  assert_told("text 0 -1 \"t\";", "{\"choices\":[{\"index\":0,\"text\":\"t\"}]}");
}

static void finds_the_arguments_of_calls(void **state) {
  (void)state;
  assert_told("arguments 0 3 \"{\";",
              "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":3,\"function\":"
              "{\"arguments\":\"{\"}}]}}]}");
  assert_told("arguments 0 0 \"\";+",
              "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"c\",\"function\":"
              "{\"name\":\"f\",\"arguments\":\"\"}}]}}]}");
  assert_told("function_call 0 -1 \"{\";", "{\"choices\":[{\"delta\":{\"function_call\":{\"arguments\":\"{\"}}}]}");
  assert_told("input 0 0 \"x\";", "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"custom\":{\"input\":\"x\"}}]}}]}");
}

static void takes_every_other_text_as_whole(void **state) {
  (void)state;
  assert_told("other 0 -1 \"why\";+",
              "{\"choices\":[{\"delta\":{\"thinking_blocks\":[{\"type\":\"thinking\","
              "\"thinking\":\"why\",\"signature\":\"s\"}]}}]}");
  assert_told("other 0 -1 \"a\";+", "{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}}]}");
  assert_told("transcript 0 -1 \"said\";+",
              "{\"choices\":[{\"delta\":{\"audio\":{\"id\":\"a\",\"data\":\"AAAA\",\"transcript\":\"said\"}}}]}");
}

static void knows_ends_errors_and_usage(void **state) {
  (void)state;
  assert_told("!0+", "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}");
  assert_told("", "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":null}],\"usage\":null}");
  assert_told("+0U", "{\"choices\":[],\"usage\":{\"prompt_tokens\":1}}");
  assert_told("E", "{\"error\":{\"message\":\"m\"}}");
  assert_told("- 0 -1 {\"content\":[]};", "{\"choices\":[{\"delta\":{},\"logprobs\":{\"content\":[]}}]}");
}

static void reads_what_is_cut_inside_a_character(void **state) {
  (void)state;
  assert_told("content 0 -1 \"\xf0\x9f\";", "{\"choices\":[{\"delta\":{\"content\":\"\xf0\x9f\"}}]}");
  assert_told("content 0 -1 \"\\ud83d\";", "{\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}");
}

static void refuses_what_is_no_object(void **state) {
  (void)state;
  assert_told("unreadable", "[]");
  assert_told("unreadable", "{\"choices\":[");
  assert_told("unreadable", "");
  assert_told("unreadable", "\"choices\"");
}

static void survives_odd_shapes(void **state) {
  (void)state;
  assert_told("", "{\"choices\":{\"delta\":{\"content\":\"a\"}}}");
  assert_told("", "{\"choices\":[1,\"x\",null,[{\"delta\":{\"content\":\"a\"}}]]}");
  assert_told("", "{\"choices\":[{\"delta\":[\"content\"]}]}");
  assert_told("", "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":\"f\"}]}}]}");
  assert_told("content 0 -1 \"a\";", "{\"choices\":[{\"index\":-5,\"delta\":{\"content\":\"a\"}}]}");
}

static void writes_other_texts_and_keeps_every_other_byte(void **state) {
  (void)state;
  struct delta delta = {0};
  struct buffer out = {0};
  struct slice chunk = copied(
      "{ \"a\": 1.50,\"choices\":[{\"delta\":{\"content\":\"x\",\"refusal\":\"y\"},\"logprobs\":"
      "{\"content\":[]}}] }");
  assert_true(delta_read(&delta, chunk));
  struct slice texts[3] = {SLICE_LITERAL("\xc3\xa9\""), {0}, {0}};
  delta_render(&delta, texts, &out);
  buffer_append(&out, "", 1);
  assert_string_equal(out.data,
                      "{ \"a\": 1.50,\"choices\":[{\"delta\":{\"content\":\"\xc3\xa9\\\"\",\"refusal\":\"y\"},"
                      "\"logprobs\":null}] }");
  free((char *)(uintptr_t)chunk.ptr);
  buffer_free(&out);
  delta_free(&delta);
}

static void assert_around(const char *expected, const char *text) {
  struct delta delta = {0};
  struct buffer out = {0};
  struct slice chunk = copied(text);
  assert_true(delta_read(&delta, chunk));
  delta_render_around(&delta, SLICE_LITERAL("[1]"), &out);
  buffer_append(&out, "", 1);
  assert_string_equal(out.data, expected);
  free((char *)(uintptr_t)chunk.ptr);
  buffer_free(&out);
  delta_free(&delta);
}

static void makes_a_chunk_around_other_choices(void **state) {
  (void)state;
  assert_around("{\"id\":\"c\",\"choices\":[1],\"usage\":null,\"x\":2}",
                "{\"id\":\"c\",\"choices\":[{\"delta\":{}}],\"usage\":{\"a\":1},\"x\":2}");
  assert_around("{\"usage\":null,\"choices\":[1]}", "{\"usage\":{\"a\":1},\"choices\":[]}");
  assert_around("{\"choices\":[1]}", "{\"choices\":[]}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_texts_by_choice),
      cmocka_unit_test(finds_the_arguments_of_calls),
      cmocka_unit_test(takes_every_other_text_as_whole),
      cmocka_unit_test(knows_ends_errors_and_usage),
      cmocka_unit_test(reads_what_is_cut_inside_a_character),
      cmocka_unit_test(refuses_what_is_no_object),
      cmocka_unit_test(survives_odd_shapes),
      cmocka_unit_test(writes_other_texts_and_keeps_every_other_byte),
      cmocka_unit_test(makes_a_chunk_around_other_choices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
