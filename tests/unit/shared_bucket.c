// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "shared_area.h"

/* Token buckets. */

#define SECONDS(n) ((uint64_t)((n)*1e9))
enum { NOW = 1000000000 };

static struct table_taken take(struct table *table, const char *key, double rate, double burst, double tokens,
                               uint64_t now) {
  struct table_bucket bucket = {.rate = rate, .burst = burst, .tokens = tokens};
  struct table_taken taken;
  assert_int_equal(table_take(table, slice_text(key), &bucket, now, &taken), TABLE_OK);
  return taken;
}

static struct table_taken settle(struct table *table, const char *key, double rate, double burst, double tokens,
                                 uint64_t now) {
  struct table_bucket bucket = {.rate = rate, .burst = burst, .tokens = tokens};
  struct table_taken taken;
  assert_int_equal(table_settle(table, slice_text(key), &bucket, now, &taken), TABLE_OK);
  return taken;
}

static bool near(double a, double b) {
  return fabs(a - b) < 1e-6;
}

static void a_bucket_starts_full_and_refills(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct table_taken taken;
  for (int i = 0; i < 5; i++) {
    taken = take(table, "b", 2, 5, 1, NOW);
    assert_true(taken.allowed && near(taken.remaining, 4 - i));
  }
  taken = take(table, "b", 2, 5, 1, NOW);
  assert_false(taken.allowed);
  assert_true(near(taken.remaining, 0) && near(taken.retry_after, 0.5));
  assert_false(take(table, "b", 2, 5, 1, NOW + SECONDS(0.49)).allowed);
  taken = take(table, "b", 2, 5, 1, NOW + SECONDS(0.5)); /* a refusal took nothing */
  assert_true(taken.allowed && near(taken.remaining, 0));
  assert_true(near(take(table, "b", 2, 5, 1, NOW + SECONDS(100)).remaining, 4));
  area_close(table, &small_shape);
}

static void who_waits_as_long_as_told_gets_in(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  uint64_t now = NOW;
  for (int i = 0; i < 10000; i++) {
    struct table_taken taken = take(table, "b", 3.33, 7, 1, now);
    if (taken.allowed) continue;
    now += (uint64_t)ceil(taken.retry_after * 1e9);
    assert_true(take(table, "b", 3.33, 7, 1, now).allowed);
  }
  area_close(table, &small_shape);
}

static void no_more_than_burst_and_rate_allow(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  int allowed = 0;
  for (int i = 0; i < 100000; i++)
    allowed += take(table, "b", 100, 20, 1, NOW + SECONDS(10) / 100000 * (uint64_t)i).allowed;
  assert_in_range(allowed, 1019, 1020);
  area_close(table, &small_shape);
}

static void asking_takes_nothing(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  assert_true(near(take(table, "b", 1, 5, 0, NOW).remaining, 5));
  assert_true(near(take(table, "b", 1, 5, 2, NOW).remaining, 3));
  assert_true(near(take(table, "b", 1, 5, 0, NOW).remaining, 3));
  assert_true(near(take(table, "b", 1, 5, 0, NOW + SECONDS(1)).remaining, 4));
  area_close(table, &small_shape);
}

static void a_settled_debt_is_paid_by_time(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  assert_true(take(table, "b", 10, 100, 30, NOW).allowed);
  assert_true(near(settle(table, "b", 10, 100, -120, NOW).remaining, -50)); /* 150 instead of 30 */
  struct table_taken taken = take(table, "b", 10, 100, 1, NOW);
  assert_false(taken.allowed);
  assert_true(near(taken.retry_after, 5.1));
  assert_true(take(table, "b", 10, 100, 1, NOW + SECONDS(5.1)).allowed);
  assert_true(near(settle(table, "b", 10, 100, 1000, NOW + SECONDS(6)).remaining, 100)); /* never above the burst */
  area_close(table, &small_shape);
}

static void a_full_bucket_is_forgotten(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  uint64_t left;
  take(table, "b", 10, 100, 50, NOW);
  assert_int_equal(table_ttl(table, slice_text("b"), NOW, &left), TABLE_OK);
  assert_int_equal(left, SECONDS(5));
  assert_true(near(take(table, "b", 10, 100, 0, NOW + SECONDS(4.9)).remaining, 99));
  assert_int_equal(table_ttl(table, slice_text("b"), NOW + SECONDS(5), &left), TABLE_ABSENT);
  take(table, "c", 10, 100, 0, NOW); /* asking makes none */
  assert_int_equal(table_ttl(table, slice_text("c"), NOW, &left), TABLE_ABSENT);
  area_close(table, &small_shape);
}

static void an_older_clock_does_not_turn_time_back(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  take(table, "b", 10, 100, 100, NOW + SECONDS(1));
  assert_false(take(table, "b", 10, 100, 1, NOW).allowed);
  settle(table, "b", 10, 100, 1, NOW);
  assert_true(near(take(table, "b", 10, 100, 0, NOW + SECONDS(1)).remaining, 1));
  area_close(table, &small_shape);
}

static void other_limits_count_at_once(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  take(table, "b", 10, 100, 10, NOW);
  assert_true(near(take(table, "b", 1, 5, 0, NOW).remaining, 5));
  assert_false(take(table, "b", 1, 5, 6, NOW).allowed);
  assert_true(near(take(table, "b", 1e-12, 5, 5, NOW).remaining, 0)); /* next to never full again */
  assert_false(take(table, "b", 1e-12, 5, 1, NOW + SECONDS(1e6)).allowed);
  area_close(table, &small_shape);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bucket_starts_full_and_refills),       cmocka_unit_test(who_waits_as_long_as_told_gets_in),
      cmocka_unit_test(no_more_than_burst_and_rate_allow),      cmocka_unit_test(asking_takes_nothing),
      cmocka_unit_test(a_settled_debt_is_paid_by_time),         cmocka_unit_test(a_full_bucket_is_forgotten),
      cmocka_unit_test(an_older_clock_does_not_turn_time_back), cmocka_unit_test(other_limits_count_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
