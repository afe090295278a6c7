// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/draw.h"

enum { KEYS = 20000, TARGETS = 20 };

static struct slice name_of(char *buf, size_t size, const char *kind, unsigned number) {
  int len = snprintf(buf, size, "%s-%u", kind, number);
  return slice_make(buf, (size_t)len);
}

/* Targets 0 to `count` - 1 with weights from the list, or 1; those of `without` have 0. */
static struct draw *draw_of(unsigned count, const double *weights, long without) {
  char buf[32];
  struct draw *draw = draw_new(count);
  for (unsigned i = 0; i < count; i++) {
    draw_add(draw, name_of(buf, sizeof buf, "target", i), (long)i == without ? 0 : weights ? weights[i] : 1);
  }
  return draw;
}

static long first_of(const struct draw *draw, unsigned key) {
  char buf[32];
  long best[1];
  assert_int_equal(1, draw_ranked(draw, draw_hash(name_of(buf, sizeof buf, "user", key)), best, 1));
  return best[0];
}

static void chance_goes_by_weight(void **state) {
  (void)state;
  const double weights[] = {3, 0, 1, 6};
  struct draw *draw = draw_of(4, weights, -1);
  unsigned seen[4] = {0};
  for (unsigned i = 0; i < 1000; i++) seen[draw_chance(draw, (i + 0.5) / 1000)]++;
  assert_int_equal(300, seen[0]);
  assert_int_equal(0, seen[1]);
  assert_int_equal(100, seen[2]);
  assert_int_equal(600, seen[3]);
  assert_int_equal(0, draw_chance(draw, 0));
  assert_int_equal(3, draw_chance(draw, 1 - 0x1p-53));
  draw_free(draw);
}

static void without_a_weight_nobody_is_drawn(void **state) {
  (void)state;
  long best[3];
  struct draw *draw = draw_of(1, NULL, 0);
  assert_int_equal(DRAW_NONE, draw_chance(draw, 0.5));
  assert_int_equal(0, draw_ranked(draw, 7, best, 3));
  draw_free(draw);
}

static void keys_spread_as_weights_say(void **state) {
  (void)state;
  const double weights[] = {1, 2, 7};
  struct draw *draw = draw_of(3, weights, -1);
  unsigned seen[3] = {0};
  for (unsigned i = 0; i < KEYS; i++) seen[first_of(draw, i)]++;
  for (int i = 0; i < 3; i++) assert_true(fabs(seen[i] - weights[i] * KEYS / 10) < KEYS / 100.0);
  draw_free(draw);
}

static void only_what_must_move_moves(void **state) {
  (void)state;
  struct draw *all = draw_of(TARGETS, NULL, -1), *less = draw_of(TARGETS, NULL, 4);
  unsigned moved = 0, to[TARGETS] = {0};
  for (unsigned i = 0; i < KEYS; i++) {
    long before = first_of(all, i), after = first_of(less, i);
    if (before == 4) {
      moved++;
      to[after]++;
    } else {
      assert_int_equal(before, after);
    }
  }
  assert_true(moved > KEYS / TARGETS * 8 / 10 && moved < KEYS / TARGETS * 12 / 10);
  for (int i = 0; i < TARGETS; i++) assert_true(i == 4 ? to[i] == 0 : to[i] > 0);
  draw_free(all);
  draw_free(less);
}

static void the_second_takes_over(void **state) {
  (void)state;
  char buf[32];
  struct draw *draw = draw_of(TARGETS, NULL, -1);
  for (unsigned i = 0; i < 200; i++) {
    long best[3];
    uint64_t key = draw_hash(name_of(buf, sizeof buf, "user", i));
    assert_int_equal(3, draw_ranked(draw, key, best, 3));
    struct draw *less = draw_of(TARGETS, NULL, best[0]);
    assert_int_equal(best[1], first_of(less, i));
    draw_free(less);
  }
  draw_free(draw);
}

static void the_best_stay_sorted(void **state) {
  (void)state;
  double scores[4];
  long best[4];
  const double values[] = {1, 5, 3, 5, 0, 9};
  size_t count = 0;
  for (long i = 0; i < 6; i++) count = draw_best(scores, best, count, 4, values[i], i);
  const long expected[] = {5, 1, 3, 2};
  assert_int_equal(4, count);
  assert_memory_equal(expected, best, sizeof expected);
}

/* Written down once: another number here would move every user of every gateway. */
static void hashes_never_change(void **state) {
  (void)state;
  assert_int_equal(UINT64_C(0xe220a8397b1dcdaf), draw_hash(SLICE_LITERAL("")));
  assert_int_equal(UINT64_C(0x706eaca5897b078f), draw_hash(SLICE_LITERAL("user")));
  assert_int_equal(UINT64_C(0x7c01307a2fe4069c), draw_hash(SLICE_LITERAL("a longer text than one word")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chance_goes_by_weight),      cmocka_unit_test(without_a_weight_nobody_is_drawn),
      cmocka_unit_test(keys_spread_as_weights_say), cmocka_unit_test(only_what_must_move_moves),
      cmocka_unit_test(the_second_takes_over),      cmocka_unit_test(the_best_stay_sorted),
      cmocka_unit_test(hashes_never_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
