// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "crypto/secret.h"

#define UNUSED(x) (void)(x)

static void secrets_are_equal_only_byte_for_byte(void **state) {
  UNUSED(state);
  assert_true(secret_equal(SLICE_LITERAL("fgw_abc"), SLICE_LITERAL("fgw_abc")));
  assert_false(secret_equal(SLICE_LITERAL("fgw_abd"), SLICE_LITERAL("fgw_abc")));
  assert_false(secret_equal(SLICE_LITERAL("fgw_ab"), SLICE_LITERAL("fgw_abc")));
  assert_false(secret_equal(SLICE_LITERAL("fgw_abcd"), SLICE_LITERAL("fgw_abc")));
  assert_false(secret_equal(SLICE_LITERAL("abcabc"), SLICE_LITERAL("abc")));
  assert_true(secret_equal(slice_make("a\0b", 3), slice_make("a\0b", 3)));
  assert_false(secret_equal(slice_make("a\0b", 3), slice_make("a\0c", 3)));
}

static void an_empty_secret_equals_nothing(void **state) {
  UNUSED(state);
  assert_false(secret_equal(slice_make(NULL, 0), slice_make(NULL, 0)));
  assert_false(secret_equal(SLICE_LITERAL("a"), slice_make(NULL, 0)));
  assert_false(secret_equal(slice_make(NULL, 0), SLICE_LITERAL("a")));
  assert_false(secret_equal(slice_make("\0", 1), slice_make(NULL, 0)));
}

static void every_difference_of_one_bit_is_seen(void **state) {
  UNUSED(state);
  char given[33], expected[33];
  memset(given, 'k', sizeof given);
  memcpy(expected, given, sizeof given);
  for (size_t bit = 0; bit < sizeof given * 8; bit++) {
    given[bit / 8] = (char)(given[bit / 8] ^ (1 << (bit % 8)));
    assert_false(secret_equal(slice_make(given, sizeof given), slice_make(expected, sizeof expected)));
    given[bit / 8] = (char)(given[bit / 8] ^ (1 << (bit % 8)));
  }
  assert_true(secret_equal(slice_make(given, sizeof given), slice_make(expected, sizeof expected)));
}

static void cleansed_memory_is_zero(void **state) {
  UNUSED(state);
  char secret[16] = "very secret word";
  const char zero[16] = {0};
  secret_cleanse(secret, sizeof secret);
  assert_memory_equal(secret, zero, sizeof zero);
}

static struct random *source(void) {
  struct random *random = random_open();
  assert_non_null(random);
  return random;
}

/* 16 bytes at a time crosses the pool's edge many times; a repeated draw would be a pool handed out twice. */
static void no_draw_repeats_across_the_pools_edge(void **state) {
  UNUSED(state);
  struct random *random = source();
  enum { DRAWS = 500 };
  unsigned char draws[DRAWS][16];
  for (size_t i = 0; i < DRAWS; i++) random_bytes(random, draws[i], 16);
  for (size_t i = 0; i < DRAWS; i++) {
    for (size_t j = i + 1; j < DRAWS; j++) assert_memory_not_equal(draws[i], draws[j], 16);
  }
  random_close(random);
}

static void draws_of_any_size_fill_all_their_bytes(void **state) {
  UNUSED(state);
  struct random *random = source();
  static const size_t sizes[] = {1, 31, 511, 512, 513, 5000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    unsigned char seen[5000] = {0};
    for (int round = 0; round < 12; round++) { /* a byte that stays 0 twelve times is not filled */
      unsigned char draw[5001];
      draw[sizes[i]] = 0xa5;
      random_bytes(random, draw, sizes[i]);
      assert_int_equal(draw[sizes[i]], 0xa5);
      for (size_t at = 0; at < sizes[i]; at++) seen[at] |= draw[at];
    }
    for (size_t at = 0; at < sizes[i]; at++) assert_int_not_equal(seen[at], 0);
  }
  random_close(random);
}

static void hex_and_alphanumeric_use_their_letters_and_no_byte_more(void **state) {
  UNUSED(state);
  struct random *random = source();
  char text[131];
  memset(text, '#', sizeof text);
  random_hex(random, text, 65);
  for (size_t i = 0; i < 130; i++) assert_non_null(memchr("0123456789abcdef", text[i], 16));
  assert_int_equal(text[130], '#');
  memset(text, '#', sizeof text);
  random_alphanumeric(random, text, 130);
  for (size_t i = 0; i < 130; i++) {
    char c = text[i];
    assert_true((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
  }
  assert_int_equal(text[130], '#');
  random_close(random);
}

/* 6 sides, 60,000 throws: each near 10,000 (standard deviation 91). */
static void numbers_below_a_bound_are_uniform(void **state) {
  UNUSED(state);
  struct random *random = source();
  unsigned counts[6] = {0};
  for (int i = 0; i < 60000; i++) {
    uint64_t side = random_below(random, 6);
    assert_in_range(side, 0, 5);
    counts[side]++;
  }
  for (int i = 0; i < 6; i++) assert_in_range(counts[i], 9400, 10600);
  for (int i = 0; i < 100; i++) assert_int_equal(random_below(random, 1), 0);
  bool high = false;
  for (int i = 0; i < 100; i++) high = high || random_below(random, UINT64_MAX) > UINT64_MAX / 2;
  assert_true(high);
  random_close(random);
}

static void units_lie_in_zero_to_below_one(void **state) {
  UNUSED(state);
  struct random *random = source();
  double sum = 0;
  for (int i = 0; i < 10000; i++) {
    double unit = random_unit(random);
    assert_true(unit >= 0 && unit < 1);
    sum += unit;
  }
  assert_true(sum > 4800 && sum < 5200);
  random_close(random);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(secrets_are_equal_only_byte_for_byte),
      cmocka_unit_test(an_empty_secret_equals_nothing),
      cmocka_unit_test(every_difference_of_one_bit_is_seen),
      cmocka_unit_test(cleansed_memory_is_zero),
      cmocka_unit_test(no_draw_repeats_across_the_pools_edge),
      cmocka_unit_test(draws_of_any_size_fill_all_their_bytes),
      cmocka_unit_test(hex_and_alphanumeric_use_their_letters_and_no_byte_more),
      cmocka_unit_test(numbers_below_a_bound_are_uniform),
      cmocka_unit_test(units_lie_in_zero_to_below_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
