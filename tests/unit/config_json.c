// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "config/tree.h"

struct reading {
  struct arena arena;
  struct tree_faults faults;
  struct tree *root;
};

static struct reading *read_bytes(void **state, const char *bytes, size_t len) {
  struct reading *reading = *state;
  arena_free(&reading->arena);
  reading->root = tree_parse_json(slice_make(bytes, len), &reading->arena, &reading->faults);
  return reading;
}

static struct reading *read_text(void **state, const char *text) {
  return read_bytes(state, text, strlen(text));
}

static void assert_scalar(const struct tree *node, const char *text, bool quoted, bool null) {
  assert_int_equal(node->kind, TREE_SCALAR);
  assert_int_equal(node->text.len, strlen(text));
  assert_memory_equal(node->text.ptr, text, node->text.len);
  assert_int_equal(node->quoted, quoted);
  assert_int_equal(node->null, null);
}

static void assert_fault(const struct reading *reading, unsigned line, unsigned column, const char *words) {
  assert_true(reading->faults.count > 0);
  const struct tree_fault *fault = &reading->faults.items[0];
  if (!strstr(fault->message, words)) fail_msg("\"%s\" does not say \"%s\"", fault->message, words);
  assert_int_equal(fault->line, line);
  assert_int_equal(fault->column, column);
}

static void scalars_keep_their_text_and_strings_are_quoted(void **state) {
  const struct reading *reading = read_text(state, "[1e3, 9007199254740993, true, null, \"a\\n\\u00e4\", \"\"]");
  assert_int_equal(reading->faults.count, 0);
  assert_int_equal(reading->root->count, 6);
  const struct tree *item = reading->root->first;
  assert_scalar(item, "1e3", false, false);
  assert_scalar(item = item->next, "9007199254740993", false, false);
  assert_scalar(item = item->next, "true", false, false);
  assert_scalar(item = item->next, "null", false, true);
  assert_scalar(item = item->next, "a\n\xc3\xa4", true, false);
  assert_scalar(item->next, "", true, false);
}

static void keys_and_values_have_their_places(void **state) {
  const struct reading *reading = read_text(state, "{\n  \"a\": {\"b\": [\n    7]}\n}");
  const struct tree *a = reading->root->first;
  assert_int_equal(reading->root->line, 1);
  assert_int_equal(a->key_line, 2);
  assert_int_equal(a->key_column, 3);
  assert_int_equal(a->column, 8);
  const struct tree *list = a->first;
  assert_int_equal(list->kind, TREE_LIST);
  assert_int_equal(list->column, 14);
  assert_int_equal(list->first->line, 3);
  assert_int_equal(list->first->column, 5);
}

static void keys_are_decoded(void **state) {
  const struct reading *reading = read_text(state, "{\"\\u0061b\": 1}");
  assert_true(slice_equal(reading->root->first->key, SLICE_LITERAL("ab")));
}

static void a_duplicate_key_names_both_lines(void **state) {
  const struct reading *reading = read_text(state, "{\"x\": {\"a\": 1},\n\"b\": 2,\n  \"x\": 3}");
  assert_null(reading->root);
  assert_fault(reading, 3, 3, "duplicate key \"x\": already on line 1");
}

static void a_key_spelt_with_an_escape_is_the_same_key(void **state) {
  const struct reading *reading = read_text(state, "{\"x\": 1,\n\"\\u0078\": 2}");
  assert_fault(reading, 2, 1, "duplicate key \"x\": already on line 1");
}

static void a_syntax_fault_has_its_place(void **state) {
  const struct {
    const char *text;
    unsigned line, column;
  } cases[] = {{"{\"a\": 1,}", 1, 9}, {"{\"a\": 1}\n{}", 2, 1}, {"{\n'a': 1}", 2, 1}, {"{\"a\": 01}", 1, 8}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct reading *reading = read_text(state, cases[i].text);
    assert_null(reading->root);
    assert_int_equal(reading->faults.count, 1);
    assert_int_equal(reading->faults.items[0].line, cases[i].line);
    assert_int_equal(reading->faults.items[0].column, cases[i].column);
  }
}

static void comments_and_truncated_documents_are_refused(void **state) {
  const char *const bad[] = {"{\"a\": 1} // x", "{\"a\": ", "[1, 2", "{\"a\"", "\"open", "nul", "\xef\xbb\xbf{}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const struct reading *reading = read_text(state, bad[i]);
    assert_null(reading->root);
    assert_true(reading->faults.count > 0);
  }
}

static void a_nul_is_refused_raw_and_escaped(void **state) {
  assert_null(read_bytes(state, "{\"a\": \0}", 8)->root);
  const struct reading *reading = read_text(state, "{\"a\": \"\\u0000\"}");
  assert_fault(reading, 1, 7, "NUL character");
}

static void an_empty_document_is_null(void **state) {
  const struct reading *reading = read_text(state, " \n");
  assert_int_equal(reading->faults.count, 0);
  assert_true(reading->root->null);
}

static void depth_64_is_read_and_65_refused(void **state) {
  for (unsigned depth = 64; depth <= 65; depth++) {
    struct buffer text = {0};
    for (unsigned i = 0; i < depth; i++) buffer_append(&text, "[", 1);
    for (unsigned i = 0; i < depth; i++) buffer_append(&text, "]", 1);
    const struct reading *reading = read_bytes(state, text.data, text.len);
    assert_int_equal(reading->root != NULL, depth == 64);
    assert_int_equal(reading->faults.count > 0, depth == 65);
    buffer_free(&text);
  }
}

static void a_hundred_thousand_values_are_read_and_one_more_refused(void **state) {
  struct buffer text = {0};
  buffer_append(&text, "[", 1);
  for (unsigned i = 0; i < TREE_NODES_MAX - 1; i++) buffer_append(&text, i ? ",1" : "1", i ? 2 : 1);
  buffer_append(&text, "]", 1);
  assert_non_null(read_bytes(state, text.data, text.len)->root);
  text.len--;
  buffer_append(&text, ",1]", 3);
  const struct reading *reading = read_bytes(state, text.data, text.len);
  assert_null(reading->root);
  assert_fault(reading, 1, 2 * TREE_NODES_MAX, "more than 100000 values");
  buffer_free(&text);
}

static int reading_open(void **state) {
  *state = calloc(1, sizeof(struct reading));
  return *state ? 0 : -1;
}

static int reading_close(void **state) {
  struct reading *reading = *state;
  arena_free(&reading->arena);
  free(reading);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reading_open, reading_close)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(scalars_keep_their_text_and_strings_are_quoted),
      TEST(keys_and_values_have_their_places),
      TEST(keys_are_decoded),
      TEST(a_duplicate_key_names_both_lines),
      TEST(a_key_spelt_with_an_escape_is_the_same_key),
      TEST(a_syntax_fault_has_its_place),
      TEST(comments_and_truncated_documents_are_refused),
      TEST(a_nul_is_refused_raw_and_escaped),
      TEST(an_empty_document_is_null),
      TEST(depth_64_is_read_and_65_refused),
      TEST(a_hundred_thousand_values_are_read_and_one_more_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
