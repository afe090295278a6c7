// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#include "events/events.h"

/* Events on their way: queues, batches, turns, and generations that change who listens. */

enum { TURNS_MAX = 64 };

struct stage {
  struct loop loop;
  struct events *events;
  unsigned turns[TURNS_MAX], turn_count;
  char keys[TURNS_MAX][32];
  unsigned ids;
  bool full; /* no room for a turn */
};

static bool on_turn(void *user, unsigned listener, const char *key) {
  struct stage *stage = user;
  if (stage->full) return false;
  snprintf(stage->keys[stage->turn_count], sizeof stage->keys[0], "%s", key);
  stage->turns[stage->turn_count++] = listener;
  return true;
}

static void draw_id(void *user, char id[EVENTS_ID_SIZE]) {
  struct stage *stage = user;
  snprintf(id, EVENTS_ID_SIZE, "id-%u", ++stage->ids);
}

static int open_stage(void **state) {
  static struct stage stage;
  memset(&stage, 0, sizeof stage);
  assert_int_equal(loop_open(&stage.loop), 0);
  timer_wheel_freeze(stage.loop.wheel);
  stage.events =
      events_open(&(struct events_options){.loop = &stage.loop, .turn = on_turn, .draw_id = draw_id, .user = &stage});
  *state = &stage;
  return 0;
}

static int close_stage(void **state) {
  struct stage *stage = *state;
  events_close(stage->events);
  assert_int_equal(loop_close(&stage->loop), 0);
  return 0;
}

static void follow(struct stage *stage, const char *const *keys, unsigned count, const struct event_plan *plan) {
  struct event_plans plans;
  event_plans_init(&plans);
  for (unsigned i = 0; i < count; i++) assert_true(event_plans_add(&plans, slice_text(keys[i]), plan));
  events_follow(stage->events, &plans);
  event_plans_free(&plans);
}

static void listen_one(struct stage *stage, unsigned batch, unsigned every_ms) {
  struct event_plan plan = {.subjects = 1U << EVENT_REQUEST_FAILED, .batch = batch, .every_ms = every_ms};
  follow(stage, (const char *const[]){"a"}, 1, &plan);
}

static void emit(struct stage *stage, enum event_subject subject, int number) {
  log_line_integer(events_begin(stage->events, subject), "n", number);
  events_end(stage->events, subject);
}

static void emit_many(struct stage *stage, int from, int count) {
  for (int i = 0; i < count; i++) emit(stage, EVENT_REQUEST_FAILED, from + i);
}

/* Lets time pass until `turns` have begun. */
static void run(struct stage *stage, unsigned turns) {
  uint64_t passed;
  while (stage->turn_count < turns && timer_wheel_leap(stage->loop.wheel, &passed)) continue;
  assert_int_equal(stage->turn_count, turns);
}

static struct event_batch take(struct stage *stage, unsigned listener, struct buffer *out) {
  struct event_batch batch = {0};
  buffer_clear(out);
  if (events_batch(stage->events, listener, out, &batch)) buffer_append(out, "", 1);
  return batch;
}

static void only_what_is_wanted_is_queued(void **state) {
  struct stage *stage = *state;
  assert_false(events_wanted(stage->events, EVENT_REQUEST_FAILED));
  listen_one(stage, 10, 0);
  assert_true(events_wanted(stage->events, EVENT_REQUEST_FAILED));
  assert_false(events_wanted(stage->events, EVENT_REQUEST_COMPLETED));
  emit(stage, EVENT_REQUEST_COMPLETED, 1);
  assert_true(events_idle(stage->events));
  emit(stage, EVENT_REQUEST_FAILED, 2);
  assert_false(events_idle(stage->events));
}

static void a_batch_is_the_same_until_it_is_settled(void **state) {
  struct stage *stage = *state;
  struct buffer out = {0};
  listen_one(stage, 2, 0);
  emit_many(stage, 1, 3);
  run(stage, 1);
  struct event_batch first = take(stage, stage->turns[0], &out);
  assert_int_equal(first.count, 2);
  assert_int_equal(first.attempt, 1);
  assert_non_null(strstr(out.data, "[{\"subject\":\"gateway.request.failed\",\"timestamp\":\""));
  assert_non_null(strstr(out.data, "\"n\":1},{"));
  events_rest(stage->events, stage->turns[0], 1);
  emit_many(stage, 4, 5);
  run(stage, 2);
  struct event_batch again = take(stage, stage->turns[1], &out);
  assert_int_equal(again.attempt, 2);
  assert_int_equal(again.count, 2);
  assert_string_equal(again.id, first.id);
  events_settle(stage->events, stage->turns[1], true);
  events_rest(stage->events, stage->turns[1], 0);
  run(stage, 3);
  struct event_batch next = take(stage, stage->turns[2], &out);
  assert_string_not_equal(next.id, first.id);
  assert_non_null(strstr(out.data, "\"n\":3},{"));
  buffer_free(&out);
}

static void a_full_queue_drops_what_comes(void **state) {
  struct stage *stage = *state;
  struct buffer out = {0};
  listen_one(stage, EVENTS_QUEUED, 0);
  emit_many(stage, 1, EVENTS_QUEUED + 10);
  run(stage, 1);
  struct event_batch batch = take(stage, stage->turns[0], &out);
  assert_int_equal(batch.count, EVENTS_QUEUED);
  assert_non_null(strstr(out.data, "\"n\":256}]"));
  events_settle(stage->events, stage->turns[0], true);
  events_rest(stage->events, stage->turns[0], 0);
  assert_true(events_idle(stage->events));
  buffer_free(&out);
}

static void a_full_batch_does_not_wait(void **state) {
  struct stage *stage = *state;
  listen_one(stage, 3, 60000);
  emit_many(stage, 1, 3);
  run(stage, 1);
}

static void at_the_end_nothing_waits(void **state) {
  struct stage *stage = *state;
  listen_one(stage, 100, 60000);
  emit_many(stage, 1, 3);
  events_drain(stage->events);
  run(stage, 1);
  events_settle(stage->events, stage->turns[0], true);
}

static void a_turn_for_which_there_is_no_room_comes_later(void **state) {
  struct stage *stage = *state;
  stage->full = true;
  listen_one(stage, 3, 0);
  emit_many(stage, 1, 3);
  uint64_t passed;
  assert_true(timer_wheel_leap(stage->loop.wheel, &passed));
  assert_int_equal(stage->turn_count, 0);
  stage->full = false;
  run(stage, 1);
}

static void a_turn_that_is_cut_off_is_followed_by_the_next(void **state) {
  struct stage *stage = *state;
  struct buffer out = {0};
  listen_one(stage, 2, 0);
  emit_many(stage, 1, 3);
  run(stage, 1);
  take(stage, stage->turns[0], &out);
  uint64_t passed;
  assert_false(timer_wheel_leap(stage->loop.wheel, &passed)); /* as long as it runs there is no other */
  events_turn_over(stage->events, stage->turns[0]);
  assert_true(timer_wheel_leap(stage->loop.wheel, &passed));
  assert_in_range(passed, 900, 1100); /* it may be what it has to deliver that cuts it off */
  run(stage, 2);
  assert_int_equal(take(stage, stage->turns[1], &out).attempt, 2);
  events_settle(stage->events, stage->turns[1], true);
  events_turn_over(stage->events, stage->turns[1]);
  assert_true(timer_wheel_leap(stage->loop.wheel, &passed));
  assert_in_range(passed, 0, 20);
  run(stage, 3);
  events_rest(stage->events, stage->turns[2], 30000);
  events_turn_over(stage->events, stage->turns[2]); /* it has said so before */
  assert_true(timer_wheel_leap(stage->loop.wheel, &passed));
  assert_in_range(passed, 29000, 31000);
  buffer_free(&out);
}

static void a_listener_that_stays_keeps_its_queue(void **state) {
  struct stage *stage = *state;
  struct buffer out = {0};
  struct event_plan plan = {.subjects = 1U << EVENT_REQUEST_FAILED, .batch = 10};
  follow(stage, (const char *const[]){"a", "b"}, 2, &plan);
  emit_many(stage, 1, 2);
  run(stage, 2);
  struct event_batch before = take(stage, stage->turns[0], &out);
  follow(stage, (const char *const[]){"c", "a"}, 2, &plan);
  assert_int_equal(take(stage, stage->turns[1], &out).count, 0); /* b has gone */
  events_settle(stage->events, stage->turns[1], true);
  events_rest(stage->events, stage->turns[1], 0);
  struct event_batch after = take(stage, stage->turns[0], &out);
  assert_string_equal(stage->keys[0], "a");
  assert_string_equal(after.id, before.id);
  assert_int_equal(after.attempt, 2);
  follow(stage, NULL, 0, &plan);
  assert_true(events_idle(stage->events));
  assert_false(events_wanted(stage->events, EVENT_REQUEST_FAILED));
  buffer_free(&out);
}

static void plans_are_bounded(void **state) {
  (void)state;
  struct event_plans plans;
  struct event_plan plan = {.batch = 1};
  char key[EVENTS_KEY_MAX + 2];
  memset(key, 'x', sizeof key);
  event_plans_init(&plans);
  assert_false(event_plans_add(&plans, slice_make(key, sizeof key), &plan));
  for (int i = 0; i < EVENTS_LISTENERS; i++) assert_true(event_plans_add(&plans, SLICE_LITERAL("k"), &plan));
  assert_false(event_plans_add(&plans, SLICE_LITERAL("k"), &plan));
  event_plans_free(&plans);
}

static void patterns_mean_subjects(void **state) {
  (void)state;
  assert_true(event_subject_matches(EVENT_BREAKER_OPENED, SLICE_LITERAL("gateway.breaker.*")));
  assert_true(event_subject_matches(EVENT_BREAKER_OPENED, SLICE_LITERAL("*")));
  assert_true(event_subject_matches(EVENT_BREAKER_OPENED, SLICE_LITERAL("gateway.breaker.opened")));
  assert_false(event_subject_matches(EVENT_BREAKER_OPENED, SLICE_LITERAL("gateway.breaker.open")));
  assert_false(event_subject_matches(EVENT_BREAKER_OPENED, SLICE_LITERAL("gateway.request.*")));
  assert_false(event_subject_matches(EVENT_BREAKER_OPENED, SLICE_LITERAL("")));
}

#define ON_A_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void) {
  const struct CMUnitTest tests[] = {
      ON_A_STAGE(only_what_is_wanted_is_queued),
      ON_A_STAGE(a_batch_is_the_same_until_it_is_settled),
      ON_A_STAGE(a_full_queue_drops_what_comes),
      ON_A_STAGE(a_full_batch_does_not_wait),
      ON_A_STAGE(at_the_end_nothing_waits),
      ON_A_STAGE(a_turn_for_which_there_is_no_room_comes_later),
      ON_A_STAGE(a_turn_that_is_cut_off_is_followed_by_the_next),
      ON_A_STAGE(a_listener_that_stays_keeps_its_queue),
      cmocka_unit_test(plans_are_bounded),
      cmocka_unit_test(patterns_mean_subjects),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
