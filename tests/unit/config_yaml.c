// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
  reading->root = tree_parse_yaml(slice_make(bytes, len), &reading->arena, &reading->faults);
  return reading;
}

static struct reading *read_text(void **state, const char *text) {
  return read_bytes(state, text, strlen(text));
}

static const struct tree *child(const struct tree *parent, const char *key) {
  for (const struct tree *each = parent->first; each; each = each->next) {
    if (slice_equal(each->key, slice_text(key))) return each;
  }
  fail_msg("no key %s", key);
  return NULL;
}

static void assert_text(const struct tree *node, const char *text) {
  assert_int_equal(node->kind, TREE_SCALAR);
  assert_int_equal(node->text.len, strlen(text));
  assert_memory_equal(node->text.ptr, text, node->text.len);
}

/* Fault number `position` is at line:column and its message holds `words`. */
static void assert_fault(const struct reading *reading, unsigned position, unsigned line, unsigned column,
                         const char *words) {
  assert_true(position < reading->faults.count);
  const struct tree_fault *fault = &reading->faults.items[position];
  if (!strstr(fault->message, words)) fail_msg("\"%s\" does not say \"%s\"", fault->message, words);
  assert_int_equal(fault->line, line);
  assert_int_equal(fault->column, column);
}

static void assert_stops(void **state, const char *text, unsigned line, unsigned column, const char *words) {
  const struct reading *reading = read_text(state, text);
  assert_null(reading->root);
  assert_fault(reading, 0, line, column, words);
}

static void every_word_keeps_its_text_and_place(void **state) {
  const struct reading *reading = read_text(state, "a: 010\nlist:\n  - x\n  - 'y'\nmap: { k: v }\n");
  assert_int_equal(reading->faults.count, 0);
  const struct tree *root = reading->root;
  assert_int_equal(root->kind, TREE_MAP);
  assert_int_equal(root->count, 3);
  assert_text(child(root, "a"), "010");
  assert_int_equal(child(root, "a")->line, 1);
  assert_int_equal(child(root, "a")->column, 4);
  assert_int_equal(child(root, "a")->key_column, 1);
  const struct tree *list = child(root, "list");
  assert_int_equal(list->kind, TREE_LIST);
  assert_int_equal(list->count, 2);
  assert_text(list->first, "x");
  assert_text(list->first->next, "y");
  assert_int_equal(list->first->next->line, 4);
  assert_text(child(child(root, "map"), "k"), "v");
}

static void quotes_and_blocks_are_told_from_plain_words(void **state) {
  const struct reading *reading = read_text(state, "p: true\ns: 'true'\nd: \"true\"\nl: |\n  true\nf: >\n  true\n");
  assert_false(child(reading->root, "p")->quoted);
  const char *const quoted[] = {"s", "d", "l", "f"};
  for (size_t i = 0; i < 4; i++) assert_true(child(reading->root, quoted[i])->quoted);
}

static void only_plain_words_are_null(void **state) {
  const struct reading *reading = read_text(state, "a:\nb: ~\nc: null\nd: Null\ne: NULL\nf: ''\ng: 'null'\nh: nUll\n");
  const char *const nulls[] = {"a", "b", "c", "d", "e"};
  for (size_t i = 0; i < 5; i++) assert_true(child(reading->root, nulls[i])->null);
  const char *const words[] = {"f", "g", "h"};
  for (size_t i = 0; i < 3; i++) assert_false(child(reading->root, words[i])->null);
}

static void an_empty_document_is_null(void **state) {
  const char *const empty[] = {"", "\n\n", "# a comment\n", "---\n", "---\n...\n"};
  for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
    const struct reading *reading = read_text(state, empty[i]);
    assert_int_equal(reading->faults.count, 0);
    assert_true(reading->root->null);
  }
}

static void a_duplicate_key_names_both_lines(void **state) {
  const struct reading *reading = read_text(state, "a: 1\nb: 2\n\"a\": 3\nb: 4\n");
  assert_non_null(reading->root);
  assert_int_equal(reading->faults.count, 2);
  assert_fault(reading, 0, 3, 1, "duplicate key \"a\": already on line 1");
  assert_fault(reading, 1, 4, 1, "duplicate key \"b\": already on line 2");
}

static void the_same_key_in_two_maps_is_no_duplicate(void **state) {
  const struct reading *reading = read_text(state, "a: { x: 1 }\nb: { x: 1 }\nc: [ { x: 1 }, { x: 2 } ]\n");
  assert_int_equal(reading->faults.count, 0);
}

static void anchors_tags_and_aliases_are_all_reported_in_one_go(void **state) {
  const struct reading *reading =
      read_text(state, "a: &x 1\nb: *x\nc: !!str 2\nd: &y [ 1 ]\ne: !t { k: v }\nf: 1\nf: 2\n");
  assert_non_null(reading->root);
  assert_int_equal(reading->faults.count, 6);
  assert_fault(reading, 0, 1, 4, "anchor \"&x\"");
  assert_fault(reading, 1, 2, 4, "alias \"*x\"");
  assert_fault(reading, 2, 3, 4, "tag \"tag:yaml.org,2002:str\"");
  assert_fault(reading, 3, 4, 4, "anchor \"&y\"");
  assert_fault(reading, 4, 5, 4, "tag \"!t\"");
  assert_fault(reading, 5, 7, 1, "duplicate key");
}

static void a_second_document_is_refused(void **state) {
  assert_stops(state, "a: 1\n---\nb: 2\n", 2, 1, "second document");
  assert_stops(state, "a: 1\n...\n---\nb: 2\n", 3, 1, "second document");
}

static void a_key_that_is_no_word_is_refused(void **state) {
  assert_stops(state, "? [a]\n: b\n", 1, 3, "a key must be a plain word, not a list");
  assert_stops(state, "? {a: b}\n: c\n", 1, 3, "not a map");
  assert_stops(state, "?\n: v\n", 1, 2, "a value without a key");
  assert_stops(state, "a: &x 1\n*x : 2\n", 1, 4, "anchor");
}

static void a_syntax_fault_has_its_place_and_what_to_do(void **state) {
  assert_stops(state, "a:\n\tb: 1\n", 2, 1, "a tab indents this line, YAML wants spaces");
  assert_stops(state, "a:\n  b: 1\n\tc: 2\n", 3, 1, "a tab indents this line");
  assert_stops(state, "a: {k: ${V}}\n", 1, 9, "put \"${NAME}\" in quotes");
  assert_stops(state, "x: @foo\n", 1, 4, "put the value in quotes");
  assert_stops(state, "a: 1\n  b: 2\n", 2, 4, "mapping values are not allowed");
  assert_stops(state, "a: \"open\n", 2, 1, "from line 1 on");
  assert_stops(state, "a: [1, 2\n", 2, 1, "']'");
}

static void a_variable_reference_outside_of_brackets_needs_no_quotes(void **state) {
  const struct reading *reading = read_text(state, "key: ${NAME}\n");
  assert_int_equal(reading->faults.count, 0);
  assert_text(child(reading->root, "key"), "${NAME}");
}

static void bytes_that_are_no_utf8_text_are_refused(void **state) {
  assert_stops(state, "a: 1\nb: \xff\n", 2, 4, "must be UTF-8");
  assert_stops(state, "a: \xed\xa0\x80\n", 1, 4, "must be UTF-8");
  assert_stops(state, "\xff\xfe\x61", 1, 1, "must be UTF-8");
  assert_stops(state, "a: \x01\n", 1, 4, "control characters");
  const struct reading *reading = read_bytes(state, "a: 1\nb: \0\n", 10);
  assert_null(reading->root);
  assert_fault(reading, 0, 2, 4, "NUL byte");
}

static void a_nul_by_escape_is_a_fault(void **state) {
  const struct reading *reading = read_text(state, "a: \"x\\0y\"\n\"k\\0\": 1\n");
  assert_int_equal(reading->faults.count, 2);
  assert_fault(reading, 0, 1, 4, "NUL character in a string");
  assert_fault(reading, 1, 2, 1, "NUL character in a key");
}

static void columns_count_characters(void **state) {
  const struct reading *reading = read_text(state, "{ \"\xc3\xa4\xf0\x9f\x8c\x99\": 1, a: 2, a: 3 }\n");
  assert_fault(reading, 0, 1, 18, "duplicate key \"a\"");
}

static void repeat(struct buffer *out, const char *text, size_t times) {
  for (size_t i = 0; i < times; i++) buffer_append(out, text, strlen(text));
}

static void depth_64_is_read_and_65_refused(void **state) {
  for (unsigned depth = 64; depth <= 65; depth++) {
    struct buffer text = {0};
    repeat(&text, "[", depth);
    repeat(&text, "]", depth);
    const struct reading *reading = read_bytes(state, text.data, text.len);
    assert_int_equal(reading->root != NULL, depth == 64);
    if (depth == 65) assert_fault(reading, 0, 1, 65, "nested deeper than 64 levels");
    buffer_free(&text);
  }
}

static void a_hostile_nesting_is_refused_in_200_ms(void **state) {
  const char *const pieces[] = {"[", "{a: ", "- ", "? ", "[{a: "};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    struct buffer text = {0};
    repeat(&text, pieces[i], 100000);
    clock_t start = clock();
    assert_null(read_bytes(state, text.data, text.len)->root);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 0.2);
    buffer_free(&text);
  }
}

static void four_mebibytes_are_read_and_one_byte_more_refused(void **state) {
  struct buffer text = {0};
  repeat(&text, "a: ", 1);
  buffer_reserve(&text, TREE_BYTES_MAX);
  memset(text.data + text.len, 'x', TREE_BYTES_MAX - text.len);
  text.len = TREE_BYTES_MAX;
  assert_non_null(read_bytes(state, text.data, text.len)->root);
  repeat(&text, "x", 1);
  const struct reading *reading = read_bytes(state, text.data, text.len);
  assert_null(reading->root);
  assert_fault(reading, 0, 1, 1, "4194305 bytes");
  buffer_free(&text);
}

static void a_hundred_thousand_values_are_read_and_one_more_refused(void **state) {
  struct buffer text = {0};
  repeat(&text, "- a\n", TREE_NODES_MAX - 1); /* and the list itself */
  assert_non_null(read_bytes(state, text.data, text.len)->root);
  repeat(&text, "- a\n", 1);
  const struct reading *reading = read_bytes(state, text.data, text.len);
  assert_null(reading->root);
  assert_fault(reading, 0, TREE_NODES_MAX, 3, "more than 100000 values");
  buffer_free(&text);
}

static void a_key_of_1024_bytes_is_read_and_one_more_refused(void **state) {
  for (size_t len = TREE_KEY_MAX; len <= TREE_KEY_MAX + 1; len++) {
    struct buffer text = {0};
    repeat(&text, "? \"", 1);
    repeat(&text, "k", len);
    repeat(&text, "\"\n: v\n", 1);
    const struct reading *reading = read_bytes(state, text.data, text.len);
    assert_int_equal(reading->root != NULL, len == TREE_KEY_MAX);
    if (!reading->root) assert_fault(reading, 0, 1, 3, "a key of 1025 bytes");
    buffer_free(&text);
  }
}

static void faults_beyond_the_32nd_are_dropped(void **state) {
  struct buffer text = {0};
  repeat(&text, "a: 1\n", 100);
  const struct reading *reading = read_bytes(state, text.data, text.len);
  assert_non_null(reading->root);
  assert_int_equal(reading->faults.count, TREE_FAULTS_MAX);
  buffer_free(&text);
}

static void what_the_operator_wrote_cannot_overflow_a_message(void **state) {
  struct buffer text = {0};
  repeat(&text, "a: !<", 1);
  repeat(&text, "t", 5000);
  repeat(&text, "> 1\nb: &", 1);
  repeat(&text, "n", 5000);
  repeat(&text, " 2\n", 1);
  const struct reading *reading = read_bytes(state, text.data, text.len);
  assert_true(reading->faults.count >= 1);
  for (unsigned i = 0; i < reading->faults.count; i++) {
    assert_true(strlen(reading->faults.items[i].message) < sizeof reading->faults.items[i].message);
  }
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
      TEST(every_word_keeps_its_text_and_place),
      TEST(quotes_and_blocks_are_told_from_plain_words),
      TEST(only_plain_words_are_null),
      TEST(an_empty_document_is_null),
      TEST(a_duplicate_key_names_both_lines),
      TEST(the_same_key_in_two_maps_is_no_duplicate),
      TEST(anchors_tags_and_aliases_are_all_reported_in_one_go),
      TEST(a_second_document_is_refused),
      TEST(a_key_that_is_no_word_is_refused),
      TEST(a_syntax_fault_has_its_place_and_what_to_do),
      TEST(a_variable_reference_outside_of_brackets_needs_no_quotes),
      TEST(bytes_that_are_no_utf8_text_are_refused),
      TEST(a_nul_by_escape_is_a_fault),
      TEST(columns_count_characters),
      TEST(depth_64_is_read_and_65_refused),
      TEST(a_hostile_nesting_is_refused_in_200_ms),
      TEST(four_mebibytes_are_read_and_one_byte_more_refused),
      TEST(a_hundred_thousand_values_are_read_and_one_more_refused),
      TEST(a_key_of_1024_bytes_is_read_and_one_more_refused),
      TEST(faults_beyond_the_32nd_are_dropped),
      TEST(what_the_operator_wrote_cannot_overflow_a_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
