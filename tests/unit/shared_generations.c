// SPDX-License-Identifier: Apache-2.0
#include "shared/generations.h"
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/generation_stats.h"

static struct generations *generations;

static int set_up(void **state) {
  (void)state;
  generations = generations_open();
  return generations ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  generations_close(generations);
  return 0;
}

/* What the supervisor does with a candidate that everybody likes. */
static unsigned activate(uint64_t number) {
  uint64_t before = atomic_load(&generations->active);
  unsigned slot = generations_take(generations, -1);
  if (before) atomic_store(&generations->slots[generation_word_slot(before)].state, GENERATION_KEPT);
  atomic_store(&generations->slots[slot].number, number);
  atomic_store(&generations->slots[slot].state, GENERATION_ACTIVE);
  atomic_store(&generations->active, generations_word(generations, slot));
  return slot;
}

static void the_last_eight_and_more_are_kept(void **state) {
  (void)state;
  for (uint64_t number = 1; number <= 40; number++) activate(number);
  for (uint64_t number = 31; number <= 40; number++) assert_true(generations_find(generations, number) >= 0);
  assert_int_equal(generations_find(generations, 28), -1);
  assert_int_equal(generations_find(generations, 0), -1);
  assert_int_equal(generations_active(generations)->number, 40);
}

static void the_active_one_and_the_one_to_go_back_to_are_never_recycled(void **state) {
  (void)state;
  unsigned first = activate(1);
  for (int i = 0; i < 3 * GENERATION_SLOTS; i++) {
    unsigned slot = generations_take(generations, -1);
    assert_int_not_equal(slot, first);
    atomic_store(&generations->slots[slot].state, GENERATION_KEPT);
    atomic_store(&generations->slots[slot].number, (uint64_t)i + 2);
  }
  int kept = generations_find(generations, 3 * GENERATION_SLOTS + 1);
  for (int i = 0; i < GENERATION_SLOTS - 2; i++) {
    unsigned slot = generations_take(generations, kept);
    assert_true((int)slot != kept && slot != first);
    atomic_store(&generations->slots[slot].state, GENERATION_KEPT);
    atomic_store(&generations->slots[slot].number, 1000);
  }
}

static void words_are_never_the_same(void **state) {
  (void)state;
  uint64_t one = generations_word(generations, 3), other = generations_word(generations, 3);
  assert_int_not_equal(one, other);
  assert_int_equal(generation_word_slot(one), 3);
  assert_int_equal(generation_word_slot(other), 3);
}

static void a_part_is_seen_by_other_processes_and_survives_their_views(void **state) {
  (void)state;
  unsigned slot = activate(1);
  pid_t pid = fork();
  if (pid == 0) _exit(generations_store(generations, slot, GENERATION_BUNDLE, SLICE_LITERAL("from the gate")) != 0);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_true(slice_equal(generations_part(generations, slot, GENERATION_BUNDLE), SLICE_LITERAL("from the gate")));
  generations_unmap(generations, slot, GENERATION_BUNDLE);
  assert_true(slice_equal(generations_part(generations, slot, GENERATION_BUNDLE), SLICE_LITERAL("from the gate")));
  generations_drop(generations, slot);
  assert_int_equal(generations_part(generations, slot, GENERATION_BUNDLE).len, 0);
}

static void a_part_that_is_too_large_is_refused(void **state) {
  (void)state;
  static const char text[65 * 1024];
  assert_int_equal(generations_store(generations, 0, GENERATION_LINES, slice_make(text, sizeof text)), -1);
  assert_int_equal(generations_store(generations, 0, GENERATION_LINES, slice_make(text, 64 * 1024)), 0);
}

static void the_last_refused_report_can_be_read(void **state) {
  (void)state;
  struct buffer out = {0};
  int64_t at;
  assert_false(generations_rejected(generations, &out, &at));
  generations_reject(generations, SLICE_LITERAL("{}"), 5);
  generations_reject(generations, SLICE_LITERAL("{\"reasons\":[]}"), 6);
  assert_true(generations_rejected(generations, &out, &at));
  assert_true(slice_equal(buffer_slice(&out), SLICE_LITERAL("{\"reasons\":[]}")));
  assert_int_equal(at, 6);
  buffer_free(&out);
}

static void the_active_report_can_be_renewed(void **state) {
  (void)state;
  struct buffer out = {0};
  generations_report(generations, &out);
  assert_int_equal(out.len, 0);
  unsigned slot = activate(1), other = generations_take(generations, -1);
  generations_store(generations, slot, GENERATION_REPORT, SLICE_LITERAL("{\"scripts\":[1]}"));
  generations_store(generations, other, GENERATION_REPORT, SLICE_LITERAL("{}"));
  generations_renew_report(generations, slot, other);
  generations_drop(generations, other);
  generations_report(generations, &out);
  assert_true(slice_equal(buffer_slice(&out), SLICE_LITERAL("{}")));
  buffer_free(&out);
}

/* ---- statistics ---- */

static struct script_sum sums[STATS_SCRIPTS_MAX];

static void all_workers_counts_are_one_sum(void **state) {
  (void)state;
  unsigned slot = activate(1);
  for (unsigned worker = 0; worker < 3; worker++) {
    struct script_stats *stats = generation_stats(generations, slot, worker, "plugins", "pii");
    assert_ptr_equal(stats, generation_stats(generations, slot, worker, "plugins", "pii"));
    for (int i = 0; i < 10; i++) script_stats_add(stats, 3000, i == 0);
  }
  script_stats_add(generation_stats(generations, slot, 2, "strategies", "pii"), 1000, false);
  assert_int_equal(generation_sums(generations, slot, 3, sums), 2);
  assert_string_equal(sums[0].kind, "plugins");
  assert_string_equal(sums[0].name, "pii");
  assert_int_equal(sums[0].count, 30);
  assert_int_equal(sums[0].faults, 3);
  assert_string_equal(sums[1].kind, "strategies");
  assert_int_equal(sums[1].count, 1);
}

static void the_percentile_is_good_to_a_fifth(void **state) {
  (void)state;
  unsigned slot = activate(1);
  static const uint64_t times_us[] = {1, 2, 3, 5, 7, 10, 33, 100, 999, 1500, 20000, 130000, 2000000};
  for (size_t i = 0; i < sizeof times_us / sizeof *times_us; i++) {
    char name[16];
    snprintf(name, sizeof name, "s%zu", i);
    struct script_stats *stats = generation_stats(generations, slot, 0, "plugins", name);
    for (int n = 0; n < 98; n++) script_stats_add(stats, 500, false);
    for (int n = 0; n < 2; n++) script_stats_add(stats, times_us[i] * 1000, false);
  }
  unsigned count = generation_sums(generations, slot, 1, sums);
  assert_int_equal(count, sizeof times_us / sizeof *times_us);
  for (unsigned i = 0; i < count; i++) {
    double off = (double)sums[i].p99_us / (double)times_us[i];
    if (off < 0.8 || off > 1.2) fail_msg("%lu us shown as %lu", times_us[i], sums[i].p99_us);
  }
}

static void more_scripts_than_there_is_room_for_are_not_counted(void **state) {
  (void)state;
  char name[16];
  unsigned slot = activate(1);
  for (int i = 0; i < STATS_SCRIPTS_MAX; i++) {
    snprintf(name, sizeof name, "s%d", i);
    assert_non_null(generation_stats(generations, slot, 0, "plugins", name));
  }
  assert_null(generation_stats(generations, slot, 0, "plugins", "more"));
  assert_int_equal(generation_sums(generations, slot, 1, sums), STATS_SCRIPTS_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(the_last_eight_and_more_are_kept),
      TEST(the_active_one_and_the_one_to_go_back_to_are_never_recycled),
      TEST(words_are_never_the_same),
      TEST(a_part_is_seen_by_other_processes_and_survives_their_views),
      TEST(a_part_that_is_too_large_is_refused),
      TEST(the_last_refused_report_can_be_read),
      TEST(the_active_report_can_be_renewed),
      TEST(all_workers_counts_are_one_sum),
      TEST(the_percentile_is_good_to_a_fifth),
      TEST(more_scripts_than_there_is_room_for_are_not_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
