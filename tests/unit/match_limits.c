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

/* Patterns and texts made to take long. */

static struct match_pool *pool;

static int set_up(void **state) {
  (void)state;
  pool = match_pool_open();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  match_pool_close(pool);
  return 0;
}

static struct match_set *set_of(const char *pattern) {
  struct match_recipe recipe;
  struct error error;
  match_recipe_init(&recipe, MATCH_PATTERNS, 0);
  assert_int_equal(match_recipe_add(&recipe, slice_text(pattern), &error), 0);
  return match_pool_add(pool, &recipe, match_code_compile(&recipe, false, &error));
}

static void text_made_to_be_looked_at_again_is_given_up(void **state) {
  (void)state;
  struct match_set *set = set_of("a|a.*z");
  size_t len = 200000, count;
  char *text = malloc(len);
  assert_non_null(text);
  memset(text, 'a', len);
  const struct match_found *founds;
  struct error error;
  assert_int_equal(match_set_all(set, slice_make(text, len), 0, &founds, &count, &error), -1);
  assert_string_equal(error.message, "too many matches, or too long ones");
  free(text);
  match_set_close(set);
}

static void patterns_that_take_too_long_are_said_to_match(void **state) {
  (void)state;
  struct match_set *set = set_of("a[ab]{900}c");
  size_t len = 300000, count;
  unsigned seed = 1;
  char *text = malloc(len);
  assert_non_null(text);
  for (size_t i = 0; i < len; i++) text[i] = "ab"[(seed = seed * 1664525u + 1013904223u) >> 16 & 1];
  const struct match_found *founds;
  struct match_found found;
  struct error error;
  assert_true(match_set_find(set, slice_make(text, len), &found));
  assert_true(match_set_gave_up(set));
  assert_int_equal(match_set_all(set, slice_make(text, len), 0, &founds, &count, &error), -1);
  assert_false(match_set_find(set, slice_make(text, 1000), &found));
  assert_false(match_set_gave_up(set));
  free(text);
  match_set_close(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_made_to_be_looked_at_again_is_given_up),
      cmocka_unit_test(patterns_that_take_too_long_are_said_to_match),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
