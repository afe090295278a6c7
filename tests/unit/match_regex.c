// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "match/regex.h"
#include "match_oracle.h"

/* What the engine finds, against the plain meaning of the pattern's tree. */

static struct regex_program program;
static struct regex_threads threads;
static struct regex_automaton automaton;

static void compile(const char *const *patterns, unsigned flags) {
  automaton.left = threads.left = UINT64_MAX;
  struct match_recipe recipe;
  struct error error;
  match_recipe_init(&recipe, MATCH_PATTERNS, flags);
  for (; *patterns; patterns++) assert_int_equal(match_recipe_add(&recipe, slice_text(*patterns), &error), 0);
  if (regex_compile(&recipe, &program, &error) < 0) fail_msg("%s", error.message);
  match_recipe_free(&recipe);
}

static void forget(void) {
  regex_program_free(&program);
  regex_automaton_free(&automaton);
  automaton = (struct regex_automaton){0};
}

static int free_threads(void **state) {
  (void)state;
  regex_threads_free(&threads);
  return 0;
}

/* "from-to" of the first match of one pattern, or "". */
static void expect(const char *pattern, unsigned flags, const char *text, const char *expected) {
  char found[40] = "";
  size_t near;
  compile((const char *const[]){pattern, NULL}, flags);
  struct regex_found first = regex_find(&program, &threads, slice_text(text), 0, false);
  if (first.any) snprintf(found, sizeof found, "%zu-%zu", first.from, first.to);
  if (strcmp(found, expected) != 0) fail_msg("%s in %s: %s, not %s", pattern, text, found, expected);
  bool exists = regex_exists(&program, &automaton, slice_text(text), 0, false, &near);
  if (exists != first.any) fail_msg("%s in %s: found, but is said not to exist", pattern, text);
  forget();
}

static void syntax_means_what_it_does_elsewhere(void **state) {
  (void)state;
  expect("a|bc", 0, "xbc", "1-3");
  expect("(?:ab)+c?", 0, "xababc", "1-6");
  expect("(?P<n>a)(?<m>b)", 0, "ab", "0-2");
  expect("\\d{3}-\\d{4}", 0, "call 555-1234", "5-13");
  expect("[^a-c]+", 0, "abxyc", "2-4");
  expect("[]x-]+", 0, "a]-x", "1-4");
  expect("[\\d\\-a]+", 0, "x1-a", "1-4");
  expect("[[:alpha:]_]+", 0, "1ab_", "1-4");
  expect("\\x41\\x{42}\\t\\.", 0, "AB\t.", "0-4");
  expect("\\Qa.b\\E+", 0, "a.bb", "0-3");
  expect("a{,2}", 0, "a{,2}", "0-5");
  expect("a{2}{2}", 0, "aaaaa", "0-4");
  expect("x*y", 0, "xxy", "0-3");
  expect("a.c", 0, "a\nc", "");
  expect("a.c", MATCH_DOTALL, "a\nc", "0-3");
  expect("(?s)a.c", 0, "a\nc", "0-3");
  expect("(?s:a.)c.", 0, "a\nc\n", "");
  expect("\\s\\S\\w\\W", 0, " xy.", "0-4");
}

static void letters_fold_when_told_to(void **state) {
  (void)state;
  expect("aBc[d-f]", MATCH_CASELESS, "AbCE", "0-4");
  expect("a(?i)b", 0, "aB", "0-2");
  expect("a(?i:b)c", 0, "aBC", "");
  expect("(?i)[^a]", 0, "Ab", "1-2");
  expect("(a(?i)b)c", 0, "aBC", "");
  expect("\xc3\xa4", MATCH_CASELESS, "\xc3\x84", "");
}

static void a_character_of_several_bytes_is_one_thing(void **state) {
  (void)state;
  expect("\xc3\xa4+", 0, "x\xc3\xa4\xc3\xa4", "1-5");
  expect("[\xc3\xa4\xe2\x80\x93-]b", 0,
         "\xe2\x80\x93"
         "b",
         "0-4");
  expect("[\xc3\xa4x]b", 0,
         "\xa4"
         "b",
         "");
}

static void places_are_asserted(void **state) {
  (void)state;
  expect("^a", 0, "ba", "");
  expect("^a", MATCH_MULTILINE, "b\na", "2-3");
  expect("a$", 0, "a\nb", "");
  expect("a$", MATCH_MULTILINE, "a\nb", "0-1");
  expect("a$", 0, "ba\n", "1-2");
  expect("a\\Z", 0, "a\n", "0-1");
  expect("a\\z", 0, "a\n", "");
  expect("\\Aa", MATCH_MULTILINE, "b\na", "");
  expect("\\bcat\\b", 0, "concat cat.", "7-10");
  expect("\\Bcat", 0, "cat concat", "7-10");
  expect("a\\s$", 0, "a\n", "0-2");
  expect("(a|\\b)+b", 0, "ab", "0-2");
}

static void the_leftmost_then_longest_is_found(void **state) {
  (void)state;
  expect("a|ab|abc", 0, "xabcd", "1-4");
  expect("b.*?d|ab", 0, "xabcdd", "1-3");
  expect("b.*?d", 0, "xabcdd", "2-6");
  expect("(a*)*b", 0, "aab", "0-3");
  expect("(a|b|ab)*c", 0, "ababc", "0-5");
}

static void deep_and_wide_patterns_are_linear(void **state) {
  (void)state;
  static char text[100001];
  memset(text, 'a', sizeof text - 1);
  size_t near;
  compile((const char *const[]){"(a*)*(a|aa)+(a?){50}b", "(x+x+)+y", NULL}, 0);
  assert_false(regex_find(&program, &threads, slice_text(text), 0, false).any);
  assert_false(regex_exists(&program, &automaton, slice_text(text), 0, false, &near));
  forget();
}

static void an_automaton_of_too_many_states_is_made_anew(void **state) {
  (void)state;
  static char text[20000];
  unsigned seed = 1;
  size_t near;
  for (size_t i = 0; i < sizeof text; i++) text[i] = "ab"[oracle_random(&seed) % 2];
  compile((const char *const[]){"a[ab]{60}c", NULL}, 0);
  assert_false(regex_exists(&program, &automaton, slice_make(text, sizeof text), 0, false, &near));
  assert_true(automaton.forgotten > 0);
  text[sizeof text - 1] = 'c';
  text[sizeof text - 62] = 'a';
  assert_true(regex_exists(&program, &automaton, slice_make(text, sizeof text), 0, false, &near));
  forget();
}

static void random_patterns_mean_what_their_trees_say(void **state) {
  (void)state;
  unsigned seed = 7;
  for (int round = 0; round < 4000; round++) {
    char pattern[200];
    struct oracle oracle;
    size_t len = oracle_pattern(&seed, pattern, sizeof pattern);
    if (!oracle_open(&oracle, slice_make(pattern, len), 0)) continue;
    for (int i = 0; i < 10; i++) {
      char text[40];
      size_t size = oracle_text(&seed, text, sizeof text);
      oracle_check(&oracle, slice_make(text, size));
    }
    oracle_close(&oracle);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(syntax_means_what_it_does_elsewhere),
      cmocka_unit_test(letters_fold_when_told_to),
      cmocka_unit_test(a_character_of_several_bytes_is_one_thing),
      cmocka_unit_test(places_are_asserted),
      cmocka_unit_test(the_leftmost_then_longest_is_found),
      cmocka_unit_test(deep_and_wide_patterns_are_linear),
      cmocka_unit_test(an_automaton_of_too_many_states_is_made_anew),
      cmocka_unit_test(random_patterns_mean_what_their_trees_say),
  };
  return cmocka_run_group_tests(tests, NULL, free_threads);
}
