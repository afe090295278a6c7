// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "match/code.h"
#include "match/recipe.h"
#include "match/set.h"

static struct match_pool *pool;

static int set_up(void **state) {
  (void)state;
  pool = match_pool_open();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_int_equal(match_pool_sets(pool), 0);
  match_pool_close(pool);
  return 0;
}

/* `texts` ends with null. */
static struct match_recipe recipe_of(enum match_kind kind, unsigned flags, const char *const *texts) {
  struct match_recipe recipe;
  struct error error;
  match_recipe_init(&recipe, kind, flags);
  for (; *texts; texts++) assert_int_equal(match_recipe_add(&recipe, slice_text(*texts), &error), 0);
  return recipe;
}

static struct match_set *set_of(enum match_kind kind, unsigned flags, const char *const *texts) {
  struct match_recipe recipe = recipe_of(kind, flags, texts);
  struct error error = {0};
  struct match_code *code = match_code_compile(&recipe, false, &error);
  if (!code) fail_msg("%s", error.message);
  return match_pool_add(pool, &recipe, code);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* "from-to:index ..." of a private copy, so that a sanitizer sees every read beyond it. */
static char *told(const struct match_set *set, struct slice text, size_t from) {
  struct buffer out = {0};
  const struct match_found *founds;
  size_t count;
  struct error error;
  char *copy = malloc(text.len + 1);
  assert_non_null(copy);
  memcpy(copy, text.ptr, text.len);
  copy = realloc(copy, text.len ? text.len : 1);
  assert_int_equal(match_set_all(set, slice_make(copy, text.len), from, &founds, &count, &error), 0);
  for (size_t i = 0; i < count; i++) {
    buffer_append_format(&out, "%zu-%zu:%u ", founds[i].from, founds[i].to, founds[i].index);
  }
  free(copy);
  buffer_append(&out, "", 1);
  return out.data;
}

static void expect_from(const struct match_set *set, const char *text, size_t from, const char *expected) {
  char *found = told(set, slice_text(text), from);
  assert_string_equal(found, expected);
  free(found);
}

static void expect(const struct match_set *set, const char *text, const char *expected) {
  expect_from(set, text, 0, expected);
}

static void the_leftmost_then_longest_word_is_found(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_LITERALS, 0, TEXTS("cd", "abcde", "abc", "abc", "de"));
  struct match_found found;
  assert_true(match_set_find(set, SLICE_LITERAL("xx abcdef"), &found));
  assert_int_equal(found.from, 3);
  assert_int_equal(found.to, 8);
  assert_int_equal(found.index, 1);
  assert_true(match_set_find(set, SLICE_LITERAL("abcdx"), &found));
  assert_int_equal(found.to, 3);
  assert_int_equal(found.index, 2);
  assert_false(match_set_find(set, SLICE_LITERAL("ABC"), &found));
  assert_false(match_set_find(set, (struct slice){0}, &found));
  expect(set, "abcdecdxabcde", "0-5:1 5-7:0 8-13:1 ");
  match_set_close(set);
}

static void caseless_means_ascii_letters(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_LITERALS, MATCH_CASELESS, TEXTS("Bomb", "\xc3\xa4rger"));
  expect(set, "a bOMB", "2-6:0 ");
  expect(set, "\xc3\xa4RGER \xc3\x84rger", "0-6:1 ");
  match_set_close(set);
}

static void words_are_bytes(void **state) {
  (void)state;
  struct match_recipe recipe;
  struct error error;
  match_recipe_init(&recipe, MATCH_LITERALS, MATCH_CASELESS);
  assert_int_equal(match_recipe_add(&recipe, SLICE_LITERAL("a\0.*"), &error), 0);
  struct match_set *set = match_pool_add(pool, &recipe, match_code_compile(&recipe, false, &error));
  struct match_found found;
  assert_true(match_set_find(set, SLICE_LITERAL("xa\0.*"), &found));
  assert_false(match_set_find(set, SLICE_LITERAL("xa\0yy"), &found));
  match_set_close(set);
}

static void patterns_tell_where_they_begin(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_PATTERNS, 0, TEXTS("[a-z]+@[a-z]+", "[0-9]{3}-[0-9]{4}"));
  expect(set, "me: joe@site, 555-1234.", "4-12:0 14-22:1 ");
  match_set_close(set);
}

static void what_a_match_hides_may_be_a_match_too(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_PATTERNS, 0, TEXTS("[0-9]{2,6}"));
  expect(set, "12345678", "0-6:0 6-8:0 ");
  expect(set, "1234567", "0-6:0 ");
  expect(set, "1234567890123456 12", "0-6:0 6-12:0 12-16:0 17-19:0 ");
  match_set_close(set);
}

static void what_comes_before_is_context_only(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_PATTERNS, 0, TEXTS("\\bab+", "[0-9]{3}"));
  expect_from(set, "xab ab", 1, "4-6:0 ");
  expect_from(set, "123456", 1, "1-4:1 ");
  expect_from(set, "123456", 6, "");
  expect_from(set, "", 0, "");
  match_set_close(set);
}

static void flags_mean_what_they_say(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_PATTERNS, MATCH_CASELESS | MATCH_MULTILINE, TEXTS("^a.c$"));
  expect(set, "x\nABC\na\nc", "2-5:0 ");
  match_set_close(set);
  set = set_of(MATCH_PATTERNS, MATCH_DOTALL, TEXTS("a.c"));
  expect(set, "a\nc", "0-3:0 ");
  match_set_close(set);
}

static void expect_refused(const char *const *patterns, const char *message) {
  struct match_recipe recipe = recipe_of(MATCH_PATTERNS, 0, patterns);
  struct error error = {0};
  assert_null(match_code_compile(&recipe, false, &error));
  assert_string_equal(error.message, message);
  match_recipe_free(&recipe);
}

static void a_wrong_pattern_is_named(void **state) {
  (void)state;
  expect_refused(TEXTS("a", "b", "(c"), "pattern 3: a group without its closing parenthesis (at byte 3)");
  expect_refused(TEXTS("c)"), "pattern 1: a closing parenthesis without its group (at byte 2)");
  expect_refused(TEXTS("a*"), "pattern 1: may match nothing at all");
  expect_refused(TEXTS("x", "\\b"), "pattern 2: may match nothing at all");
  expect_refused(TEXTS("x(?=a)"), "pattern 1: looking around is not supported (at byte 4)");
  expect_refused(TEXTS("(?<!a)b"), "pattern 1: looking around is not supported (at byte 4)");
  expect_refused(TEXTS("(a)\\1"), "pattern 1: back references are not supported (at byte 5)");
  expect_refused(TEXTS("a++"), "pattern 1: possessive repeats are not supported (at byte 4)");
  expect_refused(TEXTS("*a"), "pattern 1: a repeat of nothing (at byte 1)");
  expect_refused(TEXTS("[a"), "pattern 1: a class without its closing bracket (at byte 3)");
  expect_refused(TEXTS("[z-a]"), "pattern 1: a range that ends before it begins (at byte 5)");
  expect_refused(TEXTS("\\q"), "pattern 1: unknown escape (at byte 2)");
  expect_refused(TEXTS("a\\"), "pattern 1: ends in a backslash (at byte 3)");
  expect_refused(TEXTS("a{2000}"), "pattern 1: a repeat of more than 1000 (at byte 8)");
  expect_refused(TEXTS("a{3,2}"), "pattern 1: a repeat that ends before it begins (at byte 7)");
  expect_refused(TEXTS("((a{99}){99}){99}"), "pattern 1: makes too large a machine: lower its counted repeats");
  expect_refused(TEXTS("(?x)a"), "pattern 1: unknown option, or a kind of group that is not supported (at byte 3)");
}

static void what_is_no_text_is_refused(void **state) {
  (void)state;
  struct match_recipe recipe;
  struct error error;
  match_recipe_init(&recipe, MATCH_PATTERNS, 0);
  assert_null(match_code_compile(&recipe, false, &error));
  assert_string_equal(error.message, "a set needs at least one word or pattern");
  assert_int_equal(match_recipe_add(&recipe, SLICE_LITERAL(""), &error), -1);
  assert_string_equal(error.message, "pattern 1: is empty");
  assert_int_equal(match_recipe_add(&recipe, SLICE_LITERAL("a\0b"), &error), -1);
  assert_string_equal(error.message, "pattern 1: has a NUL byte (write \\x00)");
  char *large = calloc(1, MATCH_TEXT_MAX + 1);
  assert_non_null(large);
  memset(large, 'x', MATCH_TEXT_MAX + 1);
  assert_int_equal(match_recipe_add(&recipe, slice_make(large, MATCH_TEXT_MAX), &error), 0);
  assert_int_equal(match_recipe_add(&recipe, slice_make(large, MATCH_TEXT_MAX + 1), &error), -1);
  assert_string_equal(error.message, "pattern 2: is longer than 4096 bytes");
  free(large);
  match_recipe_free(&recipe);
}

static void equal_recipes_make_one_set(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_LITERALS, 0, TEXTS("ab", "c"));
  struct match_recipe same = recipe_of(MATCH_LITERALS, 0, TEXTS("ab", "c"));
  struct match_recipe others[] = {
      recipe_of(MATCH_LITERALS, 0, TEXTS("a", "bc")), recipe_of(MATCH_LITERALS, 0, TEXTS("ab", "c", "c")),
      recipe_of(MATCH_PATTERNS, 0, TEXTS("ab", "c")), recipe_of(MATCH_LITERALS, MATCH_CASELESS, TEXTS("ab", "c"))};
  struct match_set *twin = match_pool_find(pool, &same);
  assert_ptr_equal(twin, set);
  match_set_close(set);
  expect(twin, "xc", "1-2:1 ");
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_null(match_pool_find(pool, &others[i]));
    match_recipe_free(&others[i]);
  }
  match_set_close(twin);
  assert_null(match_pool_find(pool, &same));
  match_recipe_free(&same);
}

static void a_set_outlives_the_closing_of_its_pool(void **state) {
  (void)state;
  struct match_pool *other = match_pool_open();
  struct match_recipe recipe = recipe_of(MATCH_LITERALS, 0, TEXTS("ab"));
  struct error error;
  struct match_set *set = match_pool_add(other, &recipe, match_code_compile(&recipe, false, &error));
  match_pool_close(other);
  expect(set, "ab", "0-2:0 ");
  match_set_close(set);
}

static void expect_pending(const struct match_set *set, const char *text, size_t expected) {
  size_t pending = match_set_pending(set, slice_text(text));
  if (pending != expected) fail_msg("%s: %zu, not %zu", text, pending, expected);
}

static void pending_is_what_may_become_a_match(void **state) {
  (void)state;
  struct match_set *set = set_of(MATCH_LITERALS, MATCH_CASELESS, TEXTS("secret", "crew", "at"));
  expect_pending(set, "the seCRE", 5);
  expect_pending(set, "the cre", 3);
  expect_pending(set, "the secrex", 0);
  expect_pending(set, "A", 1);
  expect_pending(set, "xat", 0);
  expect_pending(set, "", 0);
  match_set_close(set);
  set = set_of(MATCH_PATTERNS, 0, TEXTS("ab{1,3}", "[0-9]{3}\\b", "xyz"));
  expect_pending(set, "xxx", 1);
  expect_pending(set, "xyz", 0);
  expect_pending(set, "cab", 2);
  expect_pending(set, "cabbb", 0);
  expect_pending(set, "c123", 3);
  expect_pending(set, "c1", 1);
  expect_pending(set, "c ", 0);
  assert_int_equal(match_set_reach(set), 4);
  match_set_close(set);
  set = set_of(MATCH_PATTERNS, 0, TEXTS("ab+"));
  expect_pending(set, "abbbbbbbbbbbbbbbbb", 18);
  assert_true(match_set_reach(set) == SIZE_MAX);
  match_set_close(set);
}

static void a_stream_sees_over_its_seams_for_good(void **state) {
  (void)state;
  struct match_set *sets[] = {set_of(MATCH_LITERALS, MATCH_CASELESS, TEXTS("other", "secret")),
                              set_of(MATCH_PATTERNS, MATCH_CASELESS, TEXTS("other", "se(cr)+et\\b"))};
  for (int i = 0; i < 2; i++) {
    struct error error;
    unsigned index = 9;
    struct match_stream *stream = match_stream_open(sets[i], &error), *unused = match_stream_open(sets[i], &error);
    assert_false(match_stream_feed(stream, SLICE_LITERAL("a sec"), &index));
    assert_false(match_stream_feed(stream, SLICE_LITERAL(""), &index));
    assert_true(match_stream_feed(stream, SLICE_LITERAL("RET other"), &index));
    assert_int_equal(index, 1);
    assert_true(match_stream_feed(stream, SLICE_LITERAL("other"), &index));
    assert_int_equal(index, 1);
    match_set_close(sets[i]);
    match_stream_close(stream);
    match_stream_close(unused);
  }
}

/* ---- against the plain meaning: the first match, then the first of the rest ---- */

static char *told_one_by_one(const struct match_set *set, struct slice text) {
  struct buffer out = {0};
  struct match_found found;
  size_t at = 0;
  while (match_set_find_from(set, text, at, &found)) {
    buffer_append_format(&out, "%zu-%zu:%u ", found.from, found.to, found.index);
    at = found.to;
  }
  buffer_append(&out, "", 1);
  return out.data;
}

static unsigned next_random(unsigned *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 16;
}

static void expect_plain_meaning(const struct match_set *set, unsigned seed) {
  char text[40];
  for (int round = 0; round < 5000; round++) {
    size_t len = next_random(&seed) % sizeof text;
    for (size_t i = 0; i < len; i++) text[i] = "aabbcd12"[next_random(&seed) % 8];
    char *all = told(set, slice_make(text, len), 0), *plain = told_one_by_one(set, slice_make(text, len));
    if (strcmp(all, plain) != 0) fail_msg("%.*s: %s, not %s", (int)len, text, all, plain);
    free(all);
    free(plain);
  }
}

static void all_is_find_repeated(void **state) {
  (void)state;
  struct match_set *sets[] = {
      set_of(MATCH_LITERALS, 0, TEXTS("ab", "ba", "aab", "b1", "d", "abcd12")),
      set_of(MATCH_PATTERNS, 0, TEXTS("[ab]{2,4}")),
      set_of(MATCH_PATTERNS, 0, TEXTS("a+b", "b[a-d]{1,3}", "[12]+")),
      set_of(MATCH_PATTERNS, 0, TEXTS("ab", "b.*c", "[a-d]{3,7}1")),
      set_of(MATCH_PATTERNS, 0, TEXTS("(ab|ba)+", "[12]{2}", "[abc]{1,2}d+")),
      set_of(MATCH_PATTERNS, 0, TEXTS("\\bab*", "[12]+$", "d\\B.")),
      set_of(MATCH_PATTERNS, 0, TEXTS("a.{0,3}b", "c.{2,5}", "b+[12]{2}", "d")),
  };
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    expect_plain_meaning(sets[i], (unsigned)i + 1);
    match_set_close(sets[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_leftmost_then_longest_word_is_found),
      cmocka_unit_test(caseless_means_ascii_letters),
      cmocka_unit_test(words_are_bytes),
      cmocka_unit_test(patterns_tell_where_they_begin),
      cmocka_unit_test(what_a_match_hides_may_be_a_match_too),
      cmocka_unit_test(what_comes_before_is_context_only),
      cmocka_unit_test(flags_mean_what_they_say),
      cmocka_unit_test(a_wrong_pattern_is_named),
      cmocka_unit_test(what_is_no_text_is_refused),
      cmocka_unit_test(equal_recipes_make_one_set),
      cmocka_unit_test(a_set_outlives_the_closing_of_its_pool),
      cmocka_unit_test(pending_is_what_may_become_a_match),
      cmocka_unit_test(a_stream_sees_over_its_seams_for_good),
      cmocka_unit_test(all_is_find_repeated),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
