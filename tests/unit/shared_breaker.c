// SPDX-License-Identifier: Apache-2.0
#include <sched.h>

#include "shared_cells.h"

/* The state machine by itself, then with four processes at it. */

static const struct breaker_rules usual = {.failures = 3, .successes = 2, .probes = 1, .timeout_ms = 1000};

static enum breaker_change call_ends(struct breaker *breaker, const struct breaker_rules *rules, uint64_t now,
                                     enum breaker_outcome outcome) {
  struct breaker_pass pass;
  assert_true(breaker_enter(breaker, rules, 0, now, &pass));
  return breaker_leave(breaker, rules, &pass, outcome, now);
}

static void failures_in_a_row_open_it_and_a_success_forgives_them(void **state) {
  UNUSED(state);
  struct breaker breaker = {0};
  for (int i = 0; i < 10; i++) {
    assert_int_equal(call_ends(&breaker, &usual, NOW, BREAKER_FAILURE), BREAKER_SAME);
    assert_int_equal(call_ends(&breaker, &usual, NOW, BREAKER_NEITHER), BREAKER_SAME);
    assert_int_equal(call_ends(&breaker, &usual, NOW, BREAKER_FAILURE), BREAKER_SAME);
    assert_int_equal(call_ends(&breaker, &usual, NOW, BREAKER_OK), BREAKER_SAME);
  }
  call_ends(&breaker, &usual, NOW, BREAKER_FAILURE);
  call_ends(&breaker, &usual, NOW, BREAKER_FAILURE);
  assert_int_equal(breaker_look(&breaker, &usual, NOW).failures, 2);
  assert_int_equal(call_ends(&breaker, &usual, NOW, BREAKER_FAILURE), BREAKER_HAS_OPENED);
  struct breaker_view view = breaker_look(&breaker, &usual, NOW + 999);
  assert_int_equal(view.state, BREAKER_OPEN);
  assert_true(view.refuses);
  assert_int_equal(view.until_ms, NOW + 1000);
  struct breaker_pass pass;
  assert_false(breaker_enter(&breaker, &usual, 0, NOW + 999, &pass));
}

static void half_open_counts_successes_and_any_failure_opens_again(void **state) {
  UNUSED(state);
  struct breaker breaker = {0};
  for (int i = 0; i < 3; i++) call_ends(&breaker, &usual, NOW, BREAKER_FAILURE);
  assert_int_equal(breaker_look(&breaker, &usual, NOW + 1000).state, BREAKER_HALF_OPEN);
  assert_int_equal(call_ends(&breaker, &usual, NOW + 1000, BREAKER_OK), BREAKER_SAME);
  assert_int_equal(call_ends(&breaker, &usual, NOW + 1000, BREAKER_FAILURE), BREAKER_HAS_OPENED);
  assert_int_equal(breaker_look(&breaker, &usual, NOW + 1999).state, BREAKER_OPEN);
  assert_int_equal(call_ends(&breaker, &usual, NOW + 2000, BREAKER_OK), BREAKER_SAME);
  assert_int_equal(call_ends(&breaker, &usual, NOW + 2000, BREAKER_OK), BREAKER_HAS_CLOSED);
  assert_int_equal(breaker_look(&breaker, &usual, NOW + 2000).failures, 0);
}

static void a_late_answer_of_an_older_epoch_changes_nothing(void **state) {
  UNUSED(state);
  struct breaker breaker = {0};
  struct breaker_pass old, older, probe;
  assert_true(breaker_enter(&breaker, &usual, 0, NOW, &old));
  assert_true(breaker_enter(&breaker, &usual, 0, NOW, &older));
  for (int i = 0; i < 3; i++) call_ends(&breaker, &usual, NOW, BREAKER_FAILURE);
  assert_int_equal(breaker_leave(&breaker, &usual, &older, BREAKER_OK, NOW), BREAKER_SAME);
  assert_int_equal(breaker_look(&breaker, &usual, NOW).state, BREAKER_OPEN);
  assert_true(breaker_enter(&breaker, &usual, 0, NOW + 1000, &probe));
  assert_true(probe.half_opened);
  assert_int_equal(breaker_leave(&breaker, &usual, &old, BREAKER_FAILURE, NOW + 1000), BREAKER_SAME);
  assert_int_equal(breaker_look(&breaker, &usual, NOW + 1000).state, BREAKER_HALF_OPEN);
  assert_true(breaker_look(&breaker, &usual, NOW + 1000).refuses);
  breaker_leave(&breaker, &usual, &probe, BREAKER_NEITHER, NOW + 1000);
  assert_false(breaker_look(&breaker, &usual, NOW + 1000).refuses);
}

static void a_probe_that_is_never_heard_of_again_is_given_up(void **state) {
  UNUSED(state);
  struct breaker breaker = {0};
  struct breaker_pass lost, next;
  for (int i = 0; i < 3; i++) call_ends(&breaker, &usual, NOW, BREAKER_FAILURE);
  assert_true(breaker_enter(&breaker, &usual, 2, NOW + 1000, &lost));
  assert_false(breaker_enter(&breaker, &usual, 0, NOW + 1000, &next));
  breaker_forget(&breaker, 1);
  assert_false(breaker_enter(&breaker, &usual, 0, NOW + 1000, &next));
  breaker_forget(&breaker, 2);
  assert_true(breaker_enter(&breaker, &usual, 0, NOW + 1000, &next));
  assert_false(breaker_enter(&breaker, &usual, 0, NOW + 800000, &lost));
  assert_true(breaker_enter(&breaker, &usual, 0, NOW + 1000000, &lost)); /* the lease */
}

static void defaults_stand_for_what_is_nothing(void **state) {
  UNUSED(state);
  struct breaker_rules rules = {.probes = 1000};
  breaker_rules_complete(&rules);
  assert_int_equal(rules.failures, 5);
  assert_int_equal(rules.successes, 1);
  assert_int_equal(rules.probes, BREAKER_PROBES_MAX);
  assert_int_equal(rules.timeout_ms, 30000);
}

static void too_large_a_share_of_failures_opens_it(void **state) {
  UNUSED(state);
  struct breaker_rules rules = {.failures = 1000, .window_ms = 8000, .window_requests = 20, .window_rate = 0.25};
  struct breaker breaker = {0};
  breaker_rules_complete(&rules);
  for (uint64_t i = 0; i < 14; i++) call_ends(&breaker, &rules, NOW + i, BREAKER_OK);
  for (uint64_t i = 0; i < 5; i++)
    assert_int_equal(call_ends(&breaker, &rules, NOW + 4000 + i, BREAKER_FAILURE), BREAKER_SAME);
  assert_int_equal(call_ends(&breaker, &rules, NOW + 5000, BREAKER_FAILURE), BREAKER_HAS_OPENED);
  /* what was before it closed again does not count */
  uint64_t later = NOW + 5000 + rules.timeout_ms;
  assert_int_equal(call_ends(&breaker, &rules, later, BREAKER_OK), BREAKER_HAS_CLOSED);
  for (uint64_t i = 0; i < 19; i++) assert_int_equal(call_ends(&breaker, &rules, later, BREAKER_FAILURE), BREAKER_SAME);
  /* nor what was longer ago than the window */
  for (uint64_t i = 0; i < 19; i++)
    assert_int_equal(call_ends(&breaker, &rules, later + 8000, BREAKER_FAILURE), BREAKER_SAME);
  assert_int_equal(call_ends(&breaker, &rules, later + 8000, BREAKER_FAILURE), BREAKER_HAS_OPENED);
}

/* ---- four processes ---- */

static void fail_until_refused(struct scene *scene, unsigned worker) {
  struct breaker_pass pass;
  while (breaker_enter(&scene->place.cell->breaker, &scene->place.breaker, worker, NOW, &pass)) {
    scene->entered++;
    enum breaker_change change =
        breaker_leave(&scene->place.cell->breaker, &scene->place.breaker, &pass, BREAKER_FAILURE, NOW);
    if (change == BREAKER_HAS_OPENED) scene->opened++;
  }
}

static void a_crowd_of_failures_opens_it_once_after_exactly_so_many(void **state) {
  UNUSED(state);
  for (unsigned failures = 1; failures <= 5001; failures += 250) {
    struct scene *scene = scene_open((struct health_place){.breaker = {.failures = failures}});
    in_children(scene, fail_until_refused);
    assert_int_equal(scene->opened, 1);
    assert_in_range(scene->entered, failures, failures + CHILDREN - 1); /* those who were inside already */
    scene_close(scene);
  }
}

enum { WAITING = 250 }; /* each: a thousand together */

/* All try at the same instant; nobody comes back before all have tried. */
static void rush(struct scene *scene, unsigned worker) {
  struct breaker *breaker = &scene->place.cell->breaker;
  struct breaker_pass passes[WAITING];
  unsigned count = 0;
  scene->ready++;
  while (scene->ready < CHILDREN) sched_yield();
  for (unsigned i = 0; i < WAITING; i++) {
    if (!breaker_enter(breaker, &scene->place.breaker, worker, NOW + 1000, &passes[count])) continue;
    if (passes[count].half_opened) scene->closed++;
    count++;
  }
  scene->entered += count;
  scene->rounds++;
  while (scene->rounds < CHILDREN) sched_yield();
  for (unsigned i = 0; i < count; i++) {
    if (breaker_leave(breaker, &scene->place.breaker, &passes[i], BREAKER_FAILURE, NOW + 1000) == BREAKER_HAS_OPENED)
      scene->opened++;
  }
}

static void a_thousand_at_the_instant_of_half_open_get_exactly_the_probes(void **state) {
  UNUSED(state);
  for (unsigned round = 0; round < 60; round++) {
    unsigned probes = 1 + round % 5;
    struct scene *scene =
        scene_open((struct health_place){.breaker = {.failures = 1, .probes = probes, .timeout_ms = 1000}});
    call_ends(&scene->place.cell->breaker, &scene->place.breaker, NOW, BREAKER_FAILURE);
    in_children(scene, rush);
    assert_int_equal(scene->entered, probes);
    assert_int_equal(scene->closed, 1); /* one of them has turned it */
    assert_int_equal(scene->opened, 1);
    assert_all_is_back(scene);
    scene_close(scene);
  }
}

enum { BREAKERS = 2000 };

struct many {
  struct breaker breakers[BREAKERS];
  _Atomic unsigned entered[BREAKERS];
};

static struct many *many; /* shared with the children */

/* They run through all of them side by side. */
static void run_through(struct scene *scene, unsigned worker) {
  struct breaker_pass pass;
  scene->ready++;
  while (scene->ready < CHILDREN) sched_yield();
  for (unsigned i = 0; i < BREAKERS; i++) {
    if (breaker_enter(&many->breakers[i], &scene->place.breaker, worker, NOW + 1000, &pass)) many->entered[i]++;
  }
}

static void whoever_meets_at_a_breaker_gets_exactly_its_probes(void **state) {
  UNUSED(state);
  for (unsigned round = 0; round < 20; round++) {
    struct scene *scene = scene_open((struct health_place){.breaker = {.failures = 1, .timeout_ms = 1000}});
    many = mmap(NULL, sizeof *many, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(many != MAP_FAILED);
    for (unsigned i = 0; i < BREAKERS; i++) call_ends(&many->breakers[i], &scene->place.breaker, NOW, BREAKER_FAILURE);
    in_children(scene, run_through);
    for (unsigned i = 0; i < BREAKERS; i++) assert_int_equal(many->entered[i], 1);
    munmap(many, sizeof *many);
    scene_close(scene);
  }
}

/* Probes come and go all the time; never are more of them out than may be, and none after it has closed. */
static void probe_along(struct scene *scene, unsigned worker) {
  struct breaker *breaker = &scene->place.cell->breaker;
  struct breaker_pass pass;
  for (unsigned turn = 0; turn < 20000; turn++) {
    if (!breaker_enter(breaker, &scene->place.breaker, worker, NOW + 1000, &pass)) continue;
    if (pass.state != BREAKER_HALF_OPEN) _exit(2);
    if (++scene->entered > scene->place.breaker.probes) _exit(3);
    scene->entered--;
    scene->rounds++;
    breaker_leave(breaker, &scene->place.breaker, &pass, turn % 2 ? BREAKER_NEITHER : BREAKER_OK, NOW + 1000);
  }
}

static void no_more_probes_are_out_than_may_be(void **state) {
  UNUSED(state);
  struct breaker_rules rules = {.failures = 1, .probes = 2, .timeout_ms = 1000, .successes = 1000000};
  struct scene *scene = scene_open((struct health_place){.breaker = rules});
  call_ends(&scene->place.cell->breaker, &scene->place.breaker, NOW, BREAKER_FAILURE);
  in_children(scene, probe_along);
  assert_true(scene->rounds > 1000);
  assert_all_is_back(scene);
  scene_close(scene);
}

/* ---- somebody who was held up while the circuit went on ---- */

enum { EPOCHS = 1024, HOLD = 50 };

struct churn {
  _Atomic unsigned out[EPOCHS], told[EPOCHS]; /* by epoch: probes that are out; who was told that it is half-open */
};

static struct churn *churn; /* shared with the children */

/* Each probe fails, so that the circuit opens, and with no time-out is half-open again at once. */
static void fail_along(struct scene *scene, unsigned worker) {
  struct breaker *breaker = &scene->place.cell->breaker;
  struct breaker_pass pass;
  for (unsigned turn = 0; turn < 200000; turn++) {
    if (!breaker_enter(breaker, &scene->place.breaker, worker, NOW, &pass)) continue;
    unsigned epoch = pass.epoch % EPOCHS;
    if (pass.state != BREAKER_HALF_OPEN) _exit(2);
    if (++churn->out[epoch] > 1) _exit(3);
    if (pass.half_opened && ++churn->told[epoch] > 1) _exit(4);
    for (volatile unsigned i = 0; i < turn % HOLD; i++) continue;
    churn->told[(epoch + EPOCHS / 2) % EPOCHS] = 0;
    churn->out[epoch]--;
    breaker_leave(breaker, &scene->place.breaker, &pass, BREAKER_FAILURE, NOW);
  }
}

static void whoever_comes_late_takes_no_probe_of_a_newer_time(void **state) {
  UNUSED(state);
  struct breaker_rules rules = {.failures = 1, .probes = 1, .successes = 1};
  struct scene *scene = scene_open((struct health_place){.breaker = rules});
  scene->place.breaker.timeout_ms = 0;
  churn = mmap(NULL, sizeof *churn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(churn != MAP_FAILED);
  call_ends(&scene->place.cell->breaker, &scene->place.breaker, NOW, BREAKER_FAILURE);
  in_children(scene, fail_along);
  assert_all_is_back(scene);
  munmap(churn, sizeof *churn);
  scene_close(scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(failures_in_a_row_open_it_and_a_success_forgives_them),
      cmocka_unit_test(half_open_counts_successes_and_any_failure_opens_again),
      cmocka_unit_test(a_late_answer_of_an_older_epoch_changes_nothing),
      cmocka_unit_test(a_probe_that_is_never_heard_of_again_is_given_up),
      cmocka_unit_test(defaults_stand_for_what_is_nothing),
      cmocka_unit_test(too_large_a_share_of_failures_opens_it),
      cmocka_unit_test(a_crowd_of_failures_opens_it_once_after_exactly_so_many),
      cmocka_unit_test(a_thousand_at_the_instant_of_half_open_get_exactly_the_probes),
      cmocka_unit_test(whoever_meets_at_a_breaker_gets_exactly_its_probes),
      cmocka_unit_test(no_more_probes_are_out_than_may_be),
      cmocka_unit_test(whoever_comes_late_takes_no_probe_of_a_newer_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
