// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>

#include "process/replay_compare.h"
#include "process/replay_diff.h"
#include "process/replay_options.h"

/* What a replay shows of a difference. */

struct shown {
  char *text; /* owned */
  size_t len;
};

static struct shown diff_of(const char *then, const char *now) {
  struct shown shown = {0};
  FILE *out = open_memstream(&shown.text, &shown.len);
  replay_diff("answer", slice_text(then), slice_text(now), out);
  fclose(out);
  return shown;
}

static void assert_diff(const char *then, const char *now, const char *expected) {
  struct shown shown = diff_of(then, now);
  if (!strstr(shown.text, expected)) fail_msg("expected\n%s\nin\n%s", expected, shown.text);
  free(shown.text);
}

static void a_changed_line_is_shown_between_its_neighbours(void **state) {
  (void)state;
  assert_diff("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n",
              "answer differs from byte 4, line 3 on:\n  --- recorded\n  +++ replayed\n"
              "  @@ -1,5 +1,5 @@\n   a\n   b\n  -c\n  +X\n   d\n   e\n");
}

static void added_and_removed_lines_find_their_places(void **state) {
  (void)state;
  assert_diff("a\nb\nc\nd\n", "a\nc\nd\nE\n", "   a\n  -b\n   c\n   d\n  +E\n");
  assert_diff("", "x\n", "  @@ -1,0 +1,1 @@\n  +x\n");
  assert_diff("x\n", "", "  -x\n");
}

static void a_long_line_is_shown_around_its_first_difference(void **state) {
  (void)state;
  char then[2000], now[2000];
  memset(then, 'x', sizeof then);
  memset(now, 'x', sizeof now);
  then[sizeof then - 1] = now[sizeof now - 1] = '\0';
  memcpy(then + 1000, "THEN", 4);
  memcpy(now + 1000, "NOW!", 4);
  struct shown shown = diff_of(then, now);
  assert_non_null(strstr(shown.text, "from byte 1000, line 1"));
  assert_non_null(strstr(shown.text, "THEN"));
  assert_non_null(strstr(shown.text, "NOW!"));
  assert_true(shown.len < 800);
  free(shown.text);
}

static void control_characters_do_not_reach_the_terminal(void **state) {
  (void)state;
  assert_diff("a\x1b[31m\n", "b\n", "-a\\x1b[31m");
}

static void very_many_lines_are_cut_short(void **state) {
  (void)state;
  struct buffer then = {0}, now = {0};
  for (int i = 0; i < 5000; i++) {
    buffer_append_format(&then, "then %d\n", i);
    buffer_append_format(&now, "now %d\n", i);
  }
  buffer_append(&then, "", 1);
  buffer_append(&now, "", 1);
  struct shown shown = diff_of(then.data, now.data);
  assert_true(shown.len < 10000);
  assert_non_null(strstr(shown.text, "more lines)"));
  free(shown.text);
  buffer_free(&then);
  buffer_free(&now);
}

/* ---- records ---- */

static void record_make(struct record *record, struct arena *arena, const char *answer) {
  record_open(record, arena);
  record->trace_id = SLICE_LITERAL("0123456789abcdef0123456789abcdef");
  record->method = SLICE_LITERAL("POST");
  record->target = SLICE_LITERAL("/v1/chat/completions");
  record->status = 200;
  record_append(record, &record->answer, slice_text(answer));
}

static void fields_set(struct record *record, const char *name, const char *value) {
  struct http_field field = {slice_text(name), slice_text(value)};
  record_fields_copy(record, &field, 1, &record->answer_fields);
}

static bool compare(struct record *then, struct record *now, struct shown *shown) {
  FILE *out = open_memstream(&shown->text, &shown->len);
  bool same = replay_compare(then, now, out);
  fclose(out);
  return same;
}

static void times_make_no_difference(void **state) {
  (void)state;
  struct arena arena = {0};
  struct record then, now;
  struct shown shown = {0};
  record_make(&then, &arena, "x");
  record_make(&now, &arena, "x");
  then.time = 1;
  now.time = 2;
  fields_set(&then, "X-Gateway-Overhead-Ms", "0.1");
  fields_set(&now, "X-Gateway-Overhead-Ms", "0.2");
  assert_true(compare(&then, &now, &shown));
  assert_int_equal(0, shown.len);
  free(shown.text);
  record_free(&then);
  record_free(&now);
  arena_free(&arena);
}

static void every_part_of_an_answer_makes_a_difference(void **state) {
  (void)state;
  struct arena arena = {0};
  for (int part = 0; part < 5; part++) {
    struct record then, now;
    struct shown shown = {0};
    record_make(&then, &arena, "x");
    record_make(&now, &arena, part == 0 ? "y" : "x");
    if (part == 1) now.status = 400;
    fields_set(&then, "Content-Type", "application/json");
    fields_set(&now, part == 2 ? "X-New" : "Content-Type", part == 3 ? "text/plain" : "application/json");
    if (part == 4) {
      record_append(&now, &record_exchange_add(&now)->sent, SLICE_LITERAL("{}"));
    }
    assert_false(compare(&then, &now, &shown));
    assert_non_null(strstr(shown.text, "differs    0123456789abcdef0123456789abcdef  POST /v1/chat/completions\n"));
    free(shown.text);
    record_free(&then);
    record_free(&now);
  }
  arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_changed_line_is_shown_between_its_neighbours),
      cmocka_unit_test(added_and_removed_lines_find_their_places),
      cmocka_unit_test(a_long_line_is_shown_around_its_first_difference),
      cmocka_unit_test(control_characters_do_not_reach_the_terminal),
      cmocka_unit_test(very_many_lines_are_cut_short),
      cmocka_unit_test(times_make_no_difference),
      cmocka_unit_test(every_part_of_an_answer_makes_a_difference),
  };
  return cmocka_run_group_tests_name("process: replay", tests, NULL, NULL);
}
