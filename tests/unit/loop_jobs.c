// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "loop/loop.h"

/* Jobs between the turns of a loop. */

enum { CROWD = 20, SLOW_MS = 4 };

struct scene {
  struct loop loop;
  struct loop_job jobs[CROWD];
  unsigned run, run_at_tick;
  uv_timer_t ticker;
};

static struct scene *scene_open(void) {
  struct scene *scene = test_calloc(1, sizeof *scene);
  assert_int_equal(loop_open(&scene->loop), 0);
  uv_timer_init(&scene->loop.uv, &scene->ticker);
  scene->ticker.data = scene;
  return scene;
}

static void scene_close(struct scene *scene) {
  uv_close((uv_handle_t *)&scene->ticker, NULL);
  assert_int_equal(loop_close(&scene->loop), 0);
  test_free(scene);
}

static struct scene *current; /* a job knows its owner only by its place */

static void slow_job(struct loop_job *job) {
  (void)job;
  uint64_t until = uv_hrtime() + SLOW_MS * UINT64_C(1000000);
  while (uv_hrtime() < until) continue;
  current->run++;
}

static void quick_job(struct loop_job *job) {
  (void)job;
  current->run++;
}

static void on_tick(uv_timer_t *ticker) {
  struct scene *scene = ticker->data;
  if (scene->run > 0 && scene->run_at_tick == 0) scene->run_at_tick = scene->run;
}

static void crowd_defer(struct scene *scene, void (*run)(struct loop_job *job)) {
  current = scene;
  for (unsigned i = 0; i < CROWD; i++) {
    loop_job_init(&scene->jobs[i], run);
    loop_defer(&scene->loop, &scene->jobs[i]);
  }
}

static void a_crowd_of_slow_jobs_lets_timers_have_their_turn(void **state) {
  (void)state;
  struct scene *scene = scene_open();
  crowd_defer(scene, slow_job);
  uv_timer_start(&scene->ticker, on_tick, 0, 1);
  while (scene->run < CROWD) uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
  assert_in_range(scene->run_at_tick, 1, CROWD / 2);
  uv_timer_stop(&scene->ticker);
  scene_close(scene);
}

static void what_is_left_over_keeps_the_loop_running(void **state) {
  (void)state;
  struct scene *scene = scene_open();
  crowd_defer(scene, slow_job);
  uv_timer_start(&scene->ticker, on_tick, 0, 0);
  loop_run(&scene->loop);
  assert_int_equal(scene->run, CROWD);
  scene_close(scene);
}

static void quick_jobs_run_in_one_turn(void **state) {
  (void)state;
  struct scene *scene = scene_open();
  crowd_defer(scene, quick_job);
  uv_timer_start(&scene->ticker, on_tick, 60000, 0); /* something to wait for */
  uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
  assert_int_equal(scene->run, CROWD);
  uv_timer_stop(&scene->ticker);
  scene_close(scene);
}

static void late_job(struct loop_job *job) {
  (void)job;
  if (current->run_at_tick == 0) current->run_at_tick = current->run + 1;
}

/* One that is put off, and then a crowd: how many of it had run before. */
static unsigned put_off_behind(void (*run)(struct loop_job *job)) {
  struct scene *scene = scene_open();
  struct loop_job late;
  loop_job_init(&late, late_job);
  loop_put_off(&scene->loop, &late); /* it does not wait yet */
  loop_defer(&scene->loop, &late);
  loop_put_off(&scene->loop, &late);
  crowd_defer(scene, run);
  uv_timer_start(&scene->ticker, on_tick, 60000, 0);
  for (int i = 0; i < 2 * CROWD; i++) uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
  unsigned before = scene->run_at_tick - 1;
  uv_timer_stop(&scene->ticker);
  scene_close(scene);
  return before;
}

static void one_that_is_put_off_comes_last(void **state) {
  (void)state;
  assert_int_equal(put_off_behind(quick_job), CROWD);
}

static void though_not_for_ever(void **state) {
  (void)state;
  assert_in_range(put_off_behind(slow_job), 1, CROWD / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_crowd_of_slow_jobs_lets_timers_have_their_turn),
      cmocka_unit_test(what_is_left_over_keeps_the_loop_running),
      cmocka_unit_test(quick_jobs_run_in_one_turn),
      cmocka_unit_test(one_that_is_put_off_comes_last),
      cmocka_unit_test(though_not_for_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
