// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "loop/loop.h"

/* Time that stands still and leaps: for replays. */

struct play {
  struct loop loop;
  struct timer timers[4];
  char order[16];
  size_t fired;
};

static void note(struct timer *timer, int number) {
  struct play *play = LIST_OWNER(timer - number, struct play, timers);
  play->order[play->fired++] = (char)('0' + number);
}

static void on_zero(struct timer *timer) {
  note(timer, 0);
}
static void on_one(struct timer *timer) {
  note(timer, 1);
}
static void on_two(struct timer *timer) {
  note(timer, 2);
}

static void open_play(struct play *play) {
  *play = (struct play){0};
  assert_int_equal(0, loop_open(&play->loop));
  timer_init(&play->timers[0], on_zero);
  timer_init(&play->timers[1], on_one);
  timer_init(&play->timers[2], on_two);
  timer_wheel_freeze(play->loop.wheel);
}

static void time_leaps_from_timer_to_timer(void **state) {
  (void)state;
  struct play play;
  open_play(&play);
  uint64_t start = timer_wheel_now(play.loop.wheel), passed;
  timer_start(play.loop.wheel, &play.timers[0], 60 * 60 * 1000);
  timer_start(play.loop.wheel, &play.timers[1], 3);
  timer_start(play.loop.wheel, &play.timers[2], 20000);
  assert_true(timer_wheel_leap(play.loop.wheel, &passed));
  assert_int_equal(3, passed);
  assert_true(timer_wheel_leap(play.loop.wheel, &passed));
  assert_int_equal(19997, passed);
  assert_true(timer_wheel_leap(play.loop.wheel, &passed));
  assert_int_equal(start + 60 * 60 * 1000, timer_wheel_now(play.loop.wheel));
  assert_string_equal("120", play.order);
  assert_false(timer_wheel_leap(play.loop.wheel, &passed));
  loop_close(&play.loop);
}

static void a_frozen_wheel_fires_nothing_by_itself(void **state) {
  (void)state;
  struct play play;
  open_play(&play);
  uint64_t start = timer_wheel_now(play.loop.wheel);
  timer_start(play.loop.wheel, &play.timers[0], 1);
  uint64_t until = uv_hrtime() + 60 * 1000000ULL;
  while (uv_hrtime() < until) uv_run(&play.loop.uv, UV_RUN_NOWAIT);
  assert_int_equal(0, play.fired);
  assert_int_equal(start, timer_wheel_now(play.loop.wheel));
  timer_stop(&play.timers[0]);
  loop_close(&play.loop);
}

static void a_timer_started_before_the_freeze_is_leapt_to(void **state) {
  (void)state;
  struct play play = {0};
  assert_int_equal(0, loop_open(&play.loop));
  timer_init(&play.timers[0], on_zero);
  timer_start(play.loop.wheel, &play.timers[0], 500);
  timer_wheel_freeze(play.loop.wheel);
  uint64_t passed;
  assert_true(timer_wheel_leap(play.loop.wheel, &passed));
  assert_true(passed <= 500);
  assert_int_equal(1, play.fired);
  loop_close(&play.loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(time_leaps_from_timer_to_timer),
      cmocka_unit_test(a_frozen_wheel_fires_nothing_by_itself),
      cmocka_unit_test(a_timer_started_before_the_freeze_is_leapt_to),
  };
  return cmocka_run_group_tests_name("loop: leap", tests, NULL, NULL);
}
