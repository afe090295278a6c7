// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "process/retreat.h"

enum { WINDOW_MS = 60000, MS = 1000000 };

static struct generations *shared;
static struct retreat retreat;
static struct retreat_reason reason;
static unsigned slot;
static struct script_stats *stats;

static int set_up(void **state) {
  (void)state;
  shared = generations_open();
  slot = generations_take(shared, -1);
  shared->slots[slot].settings = (struct settings){
      .script_rollback_window_ms = WINDOW_MS, .script_rollback_fault_ppm = 50000, .script_rollback_p99_us = 20000};
  stats = generation_stats(shared, slot, 1, "plugins", "x");
  retreat_watch(&retreat, 0, WINDOW_MS);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  generations_close(shared);
  return 0;
}

static void run(int count, uint64_t nanoseconds, bool fault) {
  for (int i = 0; i < count; i++) script_stats_add(stats, nanoseconds, fault);
}

static bool needed(uint64_t now) {
  return retreat_needed(&retreat, shared, slot, 2, now, &reason);
}

static void three_faults_are_enough_where_nothing_else_happens(void **state) {
  (void)state;
  run(2, MS, true);
  assert_false(needed(RETREAT_LOOK_MS));
  run(1, MS, true);
  assert_true(needed(2 * RETREAT_LOOK_MS));
  assert_string_equal(reason.metric, "fault_rate");
  assert_string_equal(reason.script->name, "x");
  assert_float_equal(reason.value, 1, 1e-9);
  assert_float_equal(reason.threshold, 0.05, 1e-9);
}

static void a_few_faults_among_many_calls_are_not(void **state) {
  (void)state;
  run(100, MS, false);
  run(5, MS, true);
  assert_false(needed(RETREAT_LOOK_MS));
  run(1, MS, true);
  assert_true(needed(2 * RETREAT_LOOK_MS));
}

static void faults_no_guard_has_seen_count_too(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) script_stats_fault(stats);
  assert_true(needed(RETREAT_LOOK_MS));
}

static void long_times_count_from_a_hundred_calls_on(void **state) {
  (void)state;
  run(97, MS, false);
  run(2, 50 * MS, false);
  assert_false(needed(RETREAT_LOOK_MS));
  run(1, 50 * MS, false);
  assert_true(needed(2 * RETREAT_LOOK_MS));
  assert_string_equal(reason.metric, "p99_us");
  assert_true(reason.value > 40000 && reason.value < 60000);
}

static void it_looks_four_times_a_second_until_the_window_is_over(void **state) {
  (void)state;
  run(3, MS, true);
  assert_false(needed(RETREAT_LOOK_MS - 1));
  assert_true(needed(RETREAT_LOOK_MS));
  retreat_watch(&retreat, 0, WINDOW_MS);
  assert_true(needed(WINDOW_MS));
  assert_false(needed(WINDOW_MS + RETREAT_LOOK_MS));
}

static void thresholds_of_zero_and_no_window_mean_never(void **state) {
  (void)state;
  run(200, 100 * MS, true);
  shared->slots[slot].settings.script_rollback_fault_ppm = 0;
  shared->slots[slot].settings.script_rollback_p99_us = 0;
  assert_false(needed(RETREAT_LOOK_MS));
  shared->slots[slot].settings.script_rollback_fault_ppm = 1;
  retreat_watch(&retreat, 0, 0);
  assert_false(needed(RETREAT_LOOK_MS));
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(three_faults_are_enough_where_nothing_else_happens),
      TEST(a_few_faults_among_many_calls_are_not),
      TEST(faults_no_guard_has_seen_count_too),
      TEST(long_times_count_from_a_hundred_calls_on),
      TEST(it_looks_four_times_a_second_until_the_window_is_over),
      TEST(thresholds_of_zero_and_no_window_mean_never),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
