// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/json.h"

/* ---- helpers ---- */

static struct json_fault last_fault;

static int validate(struct slice text) {
  return json_validate(text, &json_limits_default, &last_fault);
}

static void expect_fault(const char *text, const char *reason, size_t offset) {
  assert_int_equal(validate(slice_text(text)), -1);
  assert_string_equal(last_fault.reason, reason);
  assert_int_equal(last_fault.offset, offset);
}

static void append_times(struct buffer *out, const char *text, size_t times) {
  for (size_t i = 0; i < times; i++) buffer_append_slice(out, slice_text(text));
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#define assert_slice(slice, text)                        \
  do {                                                   \
    assert_int_equal((slice).len, strlen(text));         \
    assert_memory_equal((slice).ptr, text, (slice).len); \
  } while (0)

/* ---- faults and limits ---- */

static void a_fault_says_what_and_where(void **state) {
  (void)state;
  expect_fault("", "unexpected end", 0);
  expect_fault("{\"a\":1,\"a\":2}", "duplicate key", 7);
  expect_fault("{\"a\":tru}", "not a JSON value", 5);
  expect_fault("[1,]", "not a JSON value", 3);
  expect_fault("[1 2]", "expected a comma or ]", 3);
  expect_fault("{\"a\":1;}", "expected a comma or }", 6);
  expect_fault("{\"a\" 1}", "expected a colon", 5);
  expect_fault("{a:1}", "expected a key in double quotes", 1);
  expect_fault("[-x]", "bad number", 1);
  expect_fault("[\"ab\tc\"]", "control character in a string", 4);
  expect_fault("[\"ab\\qc\"]", "bad escape in a string", 4);
  expect_fault("[\"ab\\u12x4\"]", "bad \\u escape in a string", 4);
  expect_fault("[\"ab\\ud800\"]", "lone surrogate in a string", 4);
  expect_fault("[\"ab\xff\"]", "not valid UTF-8", 4);
  expect_fault("{\"\\u0000\":1}", "null character in a key", 1);
  expect_fault("{} x", "text after the document's end", 3);
}

static int validate_nested(size_t depth, const char *open, const char *close) {
  struct buffer text = {0};
  append_times(&text, open, depth);
  buffer_append(&text, "1", 1);
  append_times(&text, close, depth);
  int result = validate(buffer_slice(&text));
  buffer_free(&text);
  return result;
}

static void depth_64_is_the_last_allowed(void **state) {
  (void)state;
  assert_int_equal(validate_nested(64, "[", "]"), 0);
  assert_int_equal(validate_nested(65, "[", "]"), -1);
  assert_string_equal(last_fault.reason, "nested too deeply");
  assert_int_equal(last_fault.offset, 64);
  assert_int_equal(validate_nested(64, "{\"a\":", "}"), 0);
  assert_int_equal(validate_nested(65, "{\"a\":", "}"), -1);
  assert_int_equal(validate_nested(32, "[{\"a\":", "}]"), 0);
}

static void an_empty_container_counts_as_a_level(void **state) {
  (void)state;
  struct json_limits limits = json_limits_default;
  limits.depth = 2;
  assert_int_equal(json_validate(SLICE_LITERAL("[[]]"), &limits, &last_fault), 0);
  assert_int_equal(json_validate(SLICE_LITERAL("[[{}]]"), &limits, &last_fault), -1);
}

static void a_limit_above_64_levels_is_not_believed(void **state) {
  (void)state;
  struct json_limits limits = json_limits_default;
  limits.depth = 1000;
  struct buffer text = {0};
  append_times(&text, "[", 65);
  append_times(&text, "]", 65);
  assert_int_equal(json_validate(buffer_slice(&text), &limits, &last_fault), -1);
  assert_string_equal(last_fault.reason, "nested too deeply");
  buffer_free(&text);
}

static void thirty_million_brackets_are_refused_at_once(void **state) {
  (void)state;
  size_t len = 30000000;
  char *text = malloc(len);
  assert_non_null(text);
  memset(text, '[', len);
  double started = seconds();
  assert_int_equal(validate(slice_make(text, len)), -1);
  assert_true(seconds() - started < 0.010);
  free(text);
}

static void every_key_scalar_and_container_is_a_token(void **state) {
  (void)state;
  struct json_limits limits = json_limits_default;
  struct slice text = SLICE_LITERAL("{\"a\":[1,null,\"x\"],\"b\":{}}"); /* 8: 2 keys, 3 scalars, 3 containers */
  limits.tokens = 8;
  assert_int_equal(json_validate(text, &limits, &last_fault), 0);
  limits.tokens = 7;
  assert_int_equal(json_validate(text, &limits, &last_fault), -1);
  assert_string_equal(last_fault.reason, "too many values");
}

static void the_default_allows_250000_tokens(void **state) {
  (void)state;
  struct buffer text = {0};
  append_times(&text, "[0", 1);
  append_times(&text, ",0", 249998);
  append_times(&text, "]", 1);
  assert_int_equal(validate(buffer_slice(&text)), 0);
  text.len--;
  append_times(&text, ",0]", 1);
  assert_int_equal(validate(buffer_slice(&text)), -1);
  buffer_free(&text);
}

static int validate_key(const char *unit, size_t times) {
  struct buffer text = {0};
  append_times(&text, "{\"", 1);
  append_times(&text, unit, times);
  append_times(&text, "\":1}", 1);
  int result = validate(buffer_slice(&text));
  buffer_free(&text);
  return result;
}

static void a_key_may_have_1024_raw_bytes(void **state) {
  (void)state;
  assert_int_equal(validate_key("k", 1024), 0);
  assert_int_equal(validate_key("k", 1025), -1);
  assert_string_equal(last_fault.reason, "key too long");
  assert_int_equal(validate_key("\\n", 512), 0);
  assert_int_equal(validate_key("\\n", 513), -1);
}

static int validate_digits(size_t count) {
  struct buffer text = {0};
  append_times(&text, "[", 1);
  append_times(&text, "7", count);
  append_times(&text, "]", 1);
  int result = validate(buffer_slice(&text));
  buffer_free(&text);
  return result;
}

static void a_number_may_have_64_bytes(void **state) {
  (void)state;
  assert_int_equal(validate_digits(64), 0);
  assert_int_equal(validate_digits(65), -1);
  assert_string_equal(last_fault.reason, "number too long");
}

static void keys_append(struct buffer *text, size_t count) {
  append_times(text, "{", 1);
  for (size_t i = 0; i < count; i++) buffer_append_format(text, "%s\"key%zu\":%zu", i ? "," : "", i, i);
}

static void an_object_may_have_10000_keys(void **state) {
  (void)state;
  struct buffer text = {0};
  keys_append(&text, 10000);
  append_times(&text, "}", 1);
  assert_int_equal(validate(buffer_slice(&text)), 0);
  text.len--;
  append_times(&text, ",\"one more\":1}", 1);
  assert_int_equal(validate(buffer_slice(&text)), -1);
  assert_string_equal(last_fault.reason, "too many keys in one object");
  buffer_free(&text);
}

/* ---- duplicate keys ---- */

static void a_duplicate_is_found_in_objects_of_every_size(void **state) {
  (void)state;
  for (size_t count = 1; count <= 200; count++) {
    for (size_t repeated = 0; repeated < count; repeated += 1 + count / 7) {
      struct buffer text = {0};
      append_times(&text, "[", 1);
      keys_append(&text, count);
      buffer_append_format(&text, ",\"\\u006bey%zu\":0}]", repeated);
      assert_int_equal(validate(buffer_slice(&text)), -1);
      assert_string_equal(last_fault.reason, "duplicate key");
      buffer_free(&text);
    }
  }
}

static void keys_of_other_objects_are_no_duplicates(void **state) {
  (void)state;
  struct buffer text = {0};
  keys_append(&text, 40);
  append_times(&text, ",\"inner\":", 1);
  keys_append(&text, 40);
  append_times(&text, "},\"key40\":[", 1);
  keys_append(&text, 17);
  append_times(&text, "},", 1);
  keys_append(&text, 17);
  append_times(&text, "}]}", 1);
  assert_int_equal(validate(buffer_slice(&text)), 0);
  text.len--;
  append_times(&text, ",\"key39\":1}", 1);
  assert_int_equal(validate(buffer_slice(&text)), -1);
  assert_string_equal(last_fault.reason, "duplicate key");
  buffer_free(&text);
}

static void keys_that_differ_only_inside_are_cheap(void **state) {
  (void)state;
  struct buffer text = {0};
  append_times(&text, "{", 1);
  for (size_t i = 0; i < 9000; i++) buffer_append_format(&text, "%s\"a%0200zub\":0", i ? "," : "", i);
  append_times(&text, "}", 1);
  double started = seconds();
  assert_int_equal(validate(buffer_slice(&text)), 0);
  assert_true(seconds() - started < 0.200); /* 2 MB: 100 ms a MiB at the very most, sanitizers included */
  buffer_free(&text);
}

/* ---- the index ---- */

static struct arena arena;
static struct json_index index_;

static int index_build(struct slice text) {
  return json_index_build(text, &json_limits_default, &arena, &index_, &last_fault);
}

static void the_index_holds_the_top_level_members_in_order(void **state) {
  (void)state;
  struct slice text = SLICE_LITERAL(
      " { \"model\" : \"m\" ,\"n\":[1, {\"model\":2}] , \"x\":-1.0e2\n,\"t\":true,"
      "\"f\":false,\"z\":null,\"o\":{ \"q\" : {} } } ");
  assert_int_equal(index_build(text), 0);
  static const struct {
    const char *key, *value;
    enum json_type type;
  } expected[] = {{"model", "\"m\"", JSON_STRING},     {"n", "[1, {\"model\":2}]", JSON_ARRAY},
                  {"x", "-1.0e2", JSON_NUMBER},        {"t", "true", JSON_TRUE},
                  {"f", "false", JSON_FALSE},          {"z", "null", JSON_NULL},
                  {"o", "{ \"q\" : {} }", JSON_OBJECT}};
  assert_int_equal(index_.count, 7);
  for (size_t i = 0; i < 7; i++) {
    assert_slice(index_.members[i].key, expected[i].key);
    assert_slice(index_.members[i].value, expected[i].value);
    assert_int_equal(index_.members[i].type, expected[i].type);
    assert_int_equal(text.ptr[index_.members[i].start], '"');
    assert_ptr_equal(text.ptr + index_.members[i].start + 1, index_.members[i].key.ptr);
  }
  arena_free(&arena);
}

static void an_index_of_many_members_is_whole(void **state) {
  (void)state;
  for (size_t count = 14; count < 60; count++) {
    struct buffer text = {0};
    keys_append(&text, count);
    append_times(&text, "}", 1);
    assert_int_equal(index_build(buffer_slice(&text)), 0);
    assert_int_equal(index_.count, count);
    for (size_t i = 0; i < count; i++) {
      char value[24];
      snprintf(value, sizeof value, "%zu", i);
      assert_slice(index_.members[i].value, value);
    }
    arena_free(&arena);
    buffer_free(&text);
  }
}

static void the_index_knows_a_key_by_its_content(void **state) {
  (void)state;
  assert_int_equal(index_build(SLICE_LITERAL("{\"mod\\u0065l\":1,\"a\\\"b\":2,\"plain\":3}")), 0);
  assert_slice(json_index_find(&index_, SLICE_LITERAL("model"))->value, "1");
  assert_slice(json_index_find(&index_, SLICE_LITERAL("a\"b"))->value, "2");
  assert_slice(json_index_find(&index_, SLICE_LITERAL("plain"))->value, "3");
  assert_null(json_index_find(&index_, SLICE_LITERAL("mod\\u0065l")));
  assert_null(json_index_find(&index_, SLICE_LITERAL("MODEL")));
  arena_free(&arena);
}

static void only_an_object_has_an_index(void **state) {
  (void)state;
  static const char *const others[] = {"[]", "[1,[2]]", "1", " \"{}\"", "null"};
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(index_build(slice_text(others[i])), -1);
    assert_string_equal(last_fault.reason, "expected a JSON object");
  }
  assert_int_equal(index_build(SLICE_LITERAL("{\"a\":[}")), -1);
  assert_int_equal(index_build(SLICE_LITERAL("{}")), 0);
  assert_int_equal(index_.count, 0);
  assert_null(json_index_find(&index_, SLICE_LITERAL("a")));
  arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fault_says_what_and_where),
      cmocka_unit_test(depth_64_is_the_last_allowed),
      cmocka_unit_test(an_empty_container_counts_as_a_level),
      cmocka_unit_test(a_limit_above_64_levels_is_not_believed),
      cmocka_unit_test(thirty_million_brackets_are_refused_at_once),
      cmocka_unit_test(every_key_scalar_and_container_is_a_token),
      cmocka_unit_test(the_default_allows_250000_tokens),
      cmocka_unit_test(a_key_may_have_1024_raw_bytes),
      cmocka_unit_test(a_number_may_have_64_bytes),
      cmocka_unit_test(an_object_may_have_10000_keys),
      cmocka_unit_test(a_duplicate_is_found_in_objects_of_every_size),
      cmocka_unit_test(keys_of_other_objects_are_no_duplicates),
      cmocka_unit_test(keys_that_differ_only_inside_are_cheap),
      cmocka_unit_test(the_index_holds_the_top_level_members_in_order),
      cmocka_unit_test(an_index_of_many_members_is_whole),
      cmocka_unit_test(the_index_knows_a_key_by_its_content),
      cmocka_unit_test(only_an_object_has_an_index),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
