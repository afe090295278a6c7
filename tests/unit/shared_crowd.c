// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared_area.h"

/* Several processes at once, some of them killed at any instant. */

enum { CHILDREN = 4 };

static void in_children(struct table *table, void (*run)(struct table *table, int child)) {
  pid_t children[CHILDREN];
  for (int i = 0; i < CHILDREN; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      run(table, i);
      _exit(0);
    }
  }
  for (int i = 0; i < CHILDREN; i++) {
    int status = 0;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_int_equal(status, 0);
  }
}

static double incr(struct table *table, const char *key, double by) {
  struct table_step step = {.by = by, .limit = INFINITY};
  double sum = NAN;
  assert_int_equal(table_incr(table, slice_text(key), &step, table_now(), &sum), TABLE_OK);
  return sum;
}

enum { TURNS = 20000 };

static void count_up(struct table *table, int child) {
  char key[32];
  snprintf(key, sizeof key, "own:%d", child);
  for (int i = 0; i < TURNS; i++) {
    incr(table, "all", 1);
    incr(table, key, 2);
  }
}

static void no_count_is_lost(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  in_children(table, count_up);
  assert_true(incr(table, "all", 0) == (double)TURNS * CHILDREN);
  assert_true(incr(table, "own:3", 0) == 2.0 * TURNS);
  area_close(table, &small_shape);
}

static void take_all(struct table *table, int child) {
  UNUSED(child);
  struct table_bucket bucket = {.rate = 1e-6, .burst = 1000, .tokens = 1};
  struct table_taken taken;
  for (int i = 0; i < TURNS; i++) {
    table_take(table, slice_text("bucket"), &bucket, table_now(), &taken);
    if (taken.allowed) incr(table, "taken", 1);
  }
}

static void all_together_take_no_more_than_there_is(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  in_children(table, take_all);
  assert_true(incr(table, "taken", 0) == 1000);
  area_close(table, &small_shape);
}

static void lock_and_count(struct table *table, int child) {
  char mark[16];
  snprintf(mark, sizeof mark, "%d", child);
  struct table_value value = {.bytes = slice_text(mark)};
  for (int i = 0; i < TURNS / 4; i++) {
    if (table_add(table, slice_text("lock"), &value, 0, table_now()) != TABLE_OK) continue;
    if (incr(table, "inside", 1) != 1) _exit(1);
    incr(table, "inside", -1);
    if (table_delete(table, slice_text("lock"), &value.bytes, table_now()) != TABLE_OK) _exit(2);
  }
}

static void only_one_adds_a_key(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  in_children(table, lock_and_count);
  area_close(table, &small_shape);
}

/* A value says itself how it must look: its length and its bytes follow from its first one. */
static void value_fill(char *text, unsigned seed) {
  size_t len = 1 + seed % 251 * 16;
  memset(text, (int)(seed % 251), len);
}

static bool value_fits(struct slice bytes) {
  if (bytes.len == 0 || bytes.len != 1 + (size_t)(unsigned char)bytes.ptr[0] * 16) return false;
  for (size_t i = 1; i < bytes.len; i++) {
    if (bytes.ptr[i] != bytes.ptr[0]) return false;
  }
  return true;
}

/* Everything at random on few keys, in a table that is always full. */
static void turn(struct table *table, unsigned *seed, struct buffer *bytes) {
  char key[16], text[8192];
  unsigned what = (unsigned)rand_r(seed), which = (unsigned)rand_r(seed) % 300;
  uint64_t now = table_now();
  snprintf(key, sizeof key, "%c%u", what % 3 == 0 ? 'n' : what % 3 == 1 ? 'v' : 'b', which);
  struct table_bucket bucket = {.rate = 1000, .burst = 10, .tokens = 1};
  struct table_step step = {.by = 1, .limit = INFINITY, .ttl = 1000000};
  struct table_taken taken;
  struct table_value value = {0};
  double sum = 0;
  enum table_result result = TABLE_OK;
  if (what % 3 == 0) result = table_incr(table, slice_text(key), &step, now, &sum);
  if (what % 3 == 2) result = table_take(table, slice_text(key), &bucket, now, &taken);
  if (what % 3 == 1 && what / 3 % 2) {
    unsigned shape = (unsigned)rand_r(seed);
    value_fill(text, shape);
    value.bytes = slice_make(text, 1 + shape % 251 * 16);
    result = table_set(table, slice_text(key), &value, what / 6 % 4 ? 0 : 500000, now);
  } else if (what % 3 == 1) {
    result = table_get(table, slice_text(key), now, &value, bytes);
    if (result == TABLE_OK && !value_fits(value.bytes)) _exit(3);
  }
  if (result != TABLE_OK && result != TABLE_ABSENT) _exit(4);
  if (what % 1000 == 0) table_delete(table, slice_text(key), NULL, now);
}

static void churn(struct table *table, int child) {
  unsigned seed = (unsigned)child + 1;
  struct buffer bytes = {0};
  for (int i = 0; i < TURNS; i++) turn(table, &seed, &bytes);
  buffer_free(&bytes);
}

static void a_crowd_never_sees_half_a_value(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  in_children(table, churn);
  struct table_stats stats;
  table_stats(table, &stats);
  assert_int_equal(stats.resets, 0);
  assert_true(stats.evictions > 0);
  area_close(table, &small_shape);
}

/* One more child that works until it is killed, after a while that differs each time. */
static pid_t victim_start(struct table *table, unsigned seed) {
  pid_t child = fork();
  if (child != 0) return child;
  struct buffer bytes = {0};
  for (;;) turn(table, &seed, &bytes);
}

static void killed(pid_t child) {
  int status = 0;
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
}

static void a_killed_process_blocks_nobody_and_tears_nothing(void **state) {
  UNUSED(state);
  enum { KILLS = 300 };
  struct table *table = area_open(&small_shape);
  struct buffer bytes = {0};
  for (unsigned i = 0; i < KILLS; i++) {
    pid_t victims[2] = {victim_start(table, i), victim_start(table, i + 1000)};
    unsigned seed = i + 2000;
    for (unsigned n = 0; n < 100 + i * 7 % 400; n++) turn(table, &seed, &bytes);
    killed(victims[0]);
    killed(victims[1]);
    for (int n = 0; n < 50; n++) turn(table, &seed, &bytes);
  }
  struct table_stats stats;
  table_stats(table, &stats); /* every stripe can still be locked */
  print_message("%llu stripes were emptied\n", (unsigned long long)stats.resets);
  assert_true(stats.bytes <= stats.capacity);
  buffer_free(&bytes);
  in_children(table, churn);
  area_close(table, &small_shape);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_count_is_lost),
      cmocka_unit_test(all_together_take_no_more_than_there_is),
      cmocka_unit_test(only_one_adds_a_key),
      cmocka_unit_test(a_crowd_never_sees_half_a_value),
      cmocka_unit_test(a_killed_process_blocks_nobody_and_tears_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
