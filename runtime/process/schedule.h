// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/list.h"
#include "loop/timer.h"

/* What a generation does again and again, off any request's path: a timer in each worker, from the making of its VM to
 * its end. Only the generation that serves gets its turns; the others' pass by. */
struct generation;

struct schedule {
  struct list node; /* in generation->schedules */
  struct timer timer;
  struct generation *generation;
  uint64_t every_ms;
  double jitter; /* share of `every_ms` by which a turn comes sooner or later, 0 to 1 */
  int place;     /* the caller's */
  void (*run)(const struct schedule *schedule);
};

/* Copies `plan` (its every_ms, jitter, place, run). The first turn comes after `first_ms`. */
void schedule_add(struct generation *generation, const struct schedule *plan, uint64_t first_ms);

/* Ends all of a generation's; before the loop closes, and before the VM does. */
void schedules_end(struct generation *generation);
