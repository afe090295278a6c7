// SPDX-License-Identifier: Apache-2.0
#include "process/schedule.h"

#include <stdlib.h>

#include "base/check.h"
#include "crypto/secret.h"
#include "process/worker.h"

static void start(struct schedule *schedule, double delay_ms) {
  timer_start(schedule->generation->worker->loop.wheel, &schedule->timer, delay_ms < 1 ? 1 : (uint64_t)delay_ms);
}

static void on_due(struct timer *timer) {
  struct schedule *schedule = LIST_OWNER(timer, struct schedule, timer);
  struct worker *worker = schedule->generation->worker;
  double swing = schedule->jitter * (2 * random_unit(worker->random) - 1);
  start(schedule, (double)schedule->every_ms * (1 + swing));
  if (worker->generation == schedule->generation && !worker->draining) schedule->run(schedule);
}

void schedule_add(struct generation *generation, const struct schedule *plan, uint64_t first_ms) {
  struct schedule *schedule = malloc(sizeof *schedule);
  REQUIRE(schedule != NULL);
  *schedule = *plan;
  schedule->generation = generation;
  timer_init(&schedule->timer, on_due);
  list_push_back(&generation->schedules, &schedule->node);
  start(schedule, (double)first_ms);
}

void schedules_end(struct generation *generation) {
  while (!list_empty(&generation->schedules)) {
    struct schedule *schedule = LIST_OWNER(generation->schedules.next, struct schedule, node);
    timer_stop(&schedule->timer);
    list_remove(&schedule->node);
    free(schedule);
  }
}
