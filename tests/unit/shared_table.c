// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>

#include "shared/table.h"
#include "shared_area.h"

/* What one process sees. */

#define SECONDS(n) ((uint64_t)((n)*1e9))
enum { NOW = 1000000000 };

static void set_text(struct table *table, const char *key, const char *text, uint64_t ttl, uint64_t now) {
  struct table_value value = {.bytes = slice_text(text)};
  assert_int_equal(table_set(table, slice_text(key), &value, ttl, now), TABLE_OK);
}

static bool has_text(struct table *table, const char *key, const char *text, uint64_t now) {
  struct buffer bytes = {0};
  struct table_value value;
  bool same = table_get(table, slice_text(key), now, &value, &bytes) == TABLE_OK && !value.is_number &&
              slice_equal(value.bytes, slice_text(text));
  buffer_free(&bytes);
  return same;
}

static enum table_result get_number(struct table *table, const char *key, uint64_t now, double *out) {
  struct buffer bytes = {0};
  struct table_value value = {0};
  enum table_result result = table_get(table, slice_text(key), now, &value, &bytes);
  if (result == TABLE_OK) assert_true(value.is_number);
  *out = value.number;
  buffer_free(&bytes);
  return result;
}

static bool is_absent(struct table *table, const char *key, uint64_t now) {
  double number;
  return get_number(table, key, now, &number) == TABLE_ABSENT;
}

static double incr(struct table *table, const char *key, double by, uint64_t ttl, uint64_t now) {
  double sum = NAN;
  struct table_step step = {.by = by, .limit = INFINITY, .ttl = ttl};
  assert_int_equal(table_incr(table, slice_text(key), &step, now, &sum), TABLE_OK);
  return sum;
}

static void what_is_set_is_found(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  set_text(table, "a:1", "one", 0, NOW);
  set_text(table, "a:2", "", 0, NOW);
  assert_true(has_text(table, "a:1", "one", NOW));
  assert_true(has_text(table, "a:2", "", NOW));
  assert_true(is_absent(table, "a:3", NOW));
  set_text(table, "a:1", "another, longer one", 0, NOW);
  assert_true(has_text(table, "a:1", "another, longer one", NOW));
  assert_int_equal(table_delete(table, slice_text("a:1"), NULL, NOW), TABLE_OK);
  assert_int_equal(table_delete(table, slice_text("a:1"), NULL, NOW), TABLE_ABSENT);
  assert_true(is_absent(table, "a:1", NOW));
  area_close(table, &small_shape);
}

static void keys_and_values_are_any_bytes(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct slice keys[] = {{"k", 1}, {"k\0", 2}, {"k\0a", 3}, {"", 0}, {"\xff\xfe", 2}};
  struct buffer bytes = {0};
  struct table_value value;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    value = (struct table_value){.bytes = keys[i]};
    assert_int_equal(table_set(table, keys[i], &value, 0, NOW), TABLE_OK);
  }
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    assert_int_equal(table_get(table, keys[i], NOW, &value, &bytes), TABLE_OK);
    assert_true(slice_equal(value.bytes, keys[i]));
  }
  buffer_free(&bytes);
  area_close(table, &small_shape);
}

/* Every length around the borders of blocks, key and value together. */
static void every_length_comes_back_whole(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct buffer bytes = {0};
  char text[800], key[TABLE_KEY_MAX];
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7 + i / 256);
  for (size_t i = 0; i < sizeof key; i++) key[i] = (char)(i * 3 + 1);
  for (size_t key_len = 0; key_len <= TABLE_KEY_MAX; key_len += 37) {
    for (size_t len = 0; len < sizeof text; len += 3) {
      struct table_value value = {.bytes = {text, len}};
      struct slice name = {key, key_len};
      assert_int_equal(table_set(table, name, &value, 0, NOW), TABLE_OK);
      assert_int_equal(table_get(table, name, NOW, &value, &bytes), TABLE_OK);
      assert_true(slice_equal(value.bytes, slice_make(text, len)));
    }
  }
  buffer_free(&bytes);
  area_close(table, &small_shape);
}

static void what_is_too_large_is_refused(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  char *text = calloc(1, small_shape.value_max + 1);
  struct table_value value = {.bytes = {text, small_shape.value_max}};
  struct slice longest = {text, TABLE_KEY_MAX}, longer = {text, TABLE_KEY_MAX + 1};
  assert_int_equal(table_set(table, longest, &value, 0, NOW), TABLE_OK);
  assert_int_equal(table_set(table, longer, &value, 0, NOW), TABLE_LARGE);
  value.bytes.len++;
  assert_int_equal(table_set(table, longest, &value, 0, NOW), TABLE_LARGE);
  assert_int_equal(table_add(table, longest, &value, 0, NOW), TABLE_LARGE);
  assert_int_equal(table_delete(table, longest, NULL, NOW), TABLE_OK);
  free(text);
  area_close(table, &small_shape);
}

static void add_leaves_what_is_there(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct table_value first = {.bytes = SLICE_LITERAL("first")}, second = {.bytes = SLICE_LITERAL("second")};
  assert_int_equal(table_add(table, slice_text("lock"), &first, SECONDS(5), NOW), TABLE_OK);
  assert_int_equal(table_add(table, slice_text("lock"), &second, SECONDS(5), NOW), TABLE_PRESENT);
  assert_true(has_text(table, "lock", "first", NOW));
  assert_int_equal(table_add(table, slice_text("lock"), &second, 0, NOW + SECONDS(5)), TABLE_OK);
  assert_true(has_text(table, "lock", "second", NOW + SECONDS(5)));
  area_close(table, &small_shape);
}

static void delete_takes_only_the_mark_it_names(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct slice mine = SLICE_LITERAL("mine"), other = SLICE_LITERAL("other");
  set_text(table, "lock", "other", 0, NOW);
  assert_int_equal(table_delete(table, slice_text("lock"), &mine, NOW), TABLE_KIND);
  assert_int_equal(table_delete(table, slice_text("lock"), &other, NOW), TABLE_OK);
  area_close(table, &small_shape);
}

static void numbers_add_up_exactly(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  double number;
  assert_true(incr(table, "n", 1, 0, NOW) == 1);
  assert_true(incr(table, "n", 0x1p53 - 2, 0, NOW) == 0x1p53 - 1);
  assert_true(incr(table, "n", -0x1p53, 0, NOW) == -1);
  assert_true(incr(table, "n", 0.25, 0, NOW) == -0.75);
  assert_int_equal(get_number(table, "n", NOW, &number), TABLE_OK);
  assert_true(number == -0.75);
  area_close(table, &small_shape);
}

static void a_sum_stays_below_its_limit(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct table_step step = {.by = 40, .limit = 100};
  double sum = 0;
  assert_int_equal(table_incr(table, slice_text("n"), &step, NOW, &sum), TABLE_OK);
  assert_int_equal(table_incr(table, slice_text("n"), &step, NOW, &sum), TABLE_OK);
  assert_int_equal(table_incr(table, slice_text("n"), &step, NOW, &sum), TABLE_RANGE);
  assert_true(sum == 80);
  step.by = 20;
  assert_int_equal(table_incr(table, slice_text("n"), &step, NOW, &sum), TABLE_OK);
  assert_true(sum == 100);
  step = (struct table_step){.by = -5, .limit = 10}; /* downwards there is no limit */
  assert_int_equal(table_incr(table, slice_text("n"), &step, NOW, &sum), TABLE_OK);
  step = (struct table_step){.by = INFINITY, .limit = INFINITY};
  assert_int_equal(table_incr(table, slice_text("n"), &step, NOW, &sum), TABLE_RANGE);
  assert_true(sum == 95);
  step.by = 11;
  step.limit = 10;
  assert_int_equal(table_incr(table, slice_text("new"), &step, NOW, &sum), TABLE_RANGE);
  assert_true(is_absent(table, "new", NOW));
  area_close(table, &small_shape);
}

static void a_key_holds_one_kind_at_a_time(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct table_step step = {.by = 1, .limit = INFINITY};
  struct table_bucket bucket = {.rate = 1, .burst = 5, .tokens = 1};
  struct table_taken taken;
  double number = 0;
  set_text(table, "k", "text", 0, NOW);
  assert_int_equal(table_incr(table, slice_text("k"), &step, NOW, &number), TABLE_KIND);
  assert_int_equal(table_take(table, slice_text("k"), &bucket, NOW, &taken), TABLE_KIND);
  assert_int_equal(table_take(table, slice_text("b"), &bucket, NOW, &taken), TABLE_OK);
  assert_int_equal(table_incr(table, slice_text("b"), &step, NOW, &number), TABLE_KIND);
  assert_int_equal(get_number(table, "b", NOW, &number), TABLE_KIND);
  struct table_value value = {.is_number = true, .number = 7};
  assert_int_equal(table_set(table, slice_text("k"), &value, 0, NOW), TABLE_OK);
  assert_true(incr(table, "k", 1, 0, NOW) == 8);
  set_text(table, "k", "text again", 0, NOW);
  assert_true(has_text(table, "k", "text again", NOW));
  area_close(table, &small_shape);
}

static void an_entry_ends_with_its_time(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  uint64_t left = 1;
  set_text(table, "a", "x", SECONDS(2), NOW);
  assert_int_equal(table_ttl(table, slice_text("a"), NOW + SECONDS(0.5), &left), TABLE_OK);
  assert_int_equal(left, SECONDS(1.5));
  assert_true(has_text(table, "a", "x", NOW + SECONDS(2) - 1));
  assert_true(is_absent(table, "a", NOW + SECONDS(2)));
  assert_int_equal(table_ttl(table, slice_text("a"), NOW, &left), TABLE_ABSENT);
  assert_true(incr(table, "n", 5, SECONDS(1), NOW) == 5);
  assert_true(incr(table, "n", 1, SECONDS(9), NOW + SECONDS(0.9)) == 6); /* the first one set its time */
  assert_true(incr(table, "n", 1, SECONDS(9), NOW + SECONDS(1)) == 1);
  assert_int_equal(table_expire(table, slice_text("n"), 0, NOW + SECONDS(2)), TABLE_OK);
  assert_int_equal(table_ttl(table, slice_text("n"), NOW + SECONDS(99), &left), TABLE_OK);
  assert_int_equal(left, 0);
  assert_int_equal(table_expire(table, slice_text("nobody"), 0, NOW), TABLE_ABSENT);
  area_close(table, &small_shape);
}

static struct table_stats stats_of(struct table *table) {
  struct table_stats stats;
  table_stats(table, &stats);
  return stats;
}

static void a_full_table_keeps_what_is_used(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  char key[32];
  set_text(table, "kept", "x", 0, NOW);
  for (int i = 0; i < 20000; i++) {
    snprintf(key, sizeof key, "flood:%d", i);
    set_text(table, key, "y", SECONDS(3600), NOW);
    if (i % 16 == 0) assert_true(has_text(table, "kept", "x", NOW));
  }
  struct table_stats stats = stats_of(table);
  assert_true(stats.bytes <= stats.capacity && stats.bytes > stats.capacity / 2);
  assert_true(stats.evictions > 10000);
  assert_true(has_text(table, key, "y", NOW));
  area_close(table, &small_shape);
}

static void buckets_go_before_counters(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  struct table_bucket bucket = {.rate = 0.001, .burst = 5, .tokens = 1};
  struct table_taken taken;
  char key[32];
  for (int i = 0; i < 50; i++) {
    snprintf(key, sizeof key, "spent:%d", i);
    incr(table, key, 1, 0, NOW);
  }
  for (int i = 0; i < 20000; i++) {
    snprintf(key, sizeof key, "bucket:%d", i);
    assert_int_equal(table_take(table, slice_text(key), &bucket, NOW, &taken), TABLE_OK);
  }
  for (int i = 0; i < 50; i++) {
    snprintf(key, sizeof key, "spent:%d", i);
    assert_true(incr(table, key, 1, 0, NOW) == 2);
  }
  area_close(table, &small_shape);
}

static void expired_entries_give_their_room_back(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  char key[32];
  uint64_t now = NOW;
  for (int i = 0; i < 50000; i++, now += SECONDS(1)) {
    snprintf(key, sizeof key, "short:%d", i);
    set_text(table, key, "y", SECONDS(100), now);
  }
  struct table_stats stats = stats_of(table);
  assert_int_equal(stats.evictions, 0);
  area_close(table, &small_shape);
}

static void a_large_value_makes_room_for_itself(void **state) {
  UNUSED(state);
  struct table *table = area_open(&small_shape);
  char *text = malloc(small_shape.value_max), key[32];
  struct buffer bytes = {0};
  memset(text, 'x', small_shape.value_max);
  for (int i = 0; i < 200; i++) {
    struct table_value value = {.bytes = {text, small_shape.value_max - (size_t)i}};
    snprintf(key, sizeof key, "large:%d", i);
    assert_int_equal(table_set(table, slice_text(key), &value, 0, NOW), TABLE_OK);
    assert_int_equal(table_get(table, slice_text(key), NOW, &value, &bytes), TABLE_OK);
    assert_int_equal(value.bytes.len, small_shape.value_max - (size_t)i);
    set_text(table, "small", "y", 0, NOW);
  }
  free(text);
  buffer_free(&bytes);
  area_close(table, &small_shape);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_set_is_found),
      cmocka_unit_test(keys_and_values_are_any_bytes),
      cmocka_unit_test(every_length_comes_back_whole),
      cmocka_unit_test(what_is_too_large_is_refused),
      cmocka_unit_test(add_leaves_what_is_there),
      cmocka_unit_test(delete_takes_only_the_mark_it_names),
      cmocka_unit_test(numbers_add_up_exactly),
      cmocka_unit_test(a_sum_stays_below_its_limit),
      cmocka_unit_test(a_key_holds_one_kind_at_a_time),
      cmocka_unit_test(an_entry_ends_with_its_time),
      cmocka_unit_test(a_full_table_keeps_what_is_used),
      cmocka_unit_test(buckets_go_before_counters),
      cmocka_unit_test(expired_entries_give_their_room_back),
      cmocka_unit_test(a_large_value_makes_room_for_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
