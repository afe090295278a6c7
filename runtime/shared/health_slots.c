// SPDX-License-Identifier: Apache-2.0
#include "shared/health.h"

/* Each worker counts in its own column first and looks at the sum then; above the limit it takes its count back. Of two
 * that come at the same time the later one sees both, so the limit is never passed; both may go away empty-handed,
 * which the few more tries make rare and the queue's looking again makes harmless. */

enum { TRIES = 8 };

struct health_column *health_column(const struct health *health, const struct health_cell *cell, unsigned worker) {
  return &health->columns[(size_t)(cell - health->cells) * health->stride + worker];
}

struct health_load health_load(const struct health *health, const struct health_cell *target) {
  const struct health_column *columns = health_column(health, target, 0);
  struct health_load load = {0};
  for (unsigned i = 0; i < health->workers; i++) {
    load.in_flight += atomic_load(&columns[i].in_flight);
    load.waiting += atomic_load(&columns[i].waiting);
  }
  return load;
}

unsigned health_in_flight(const struct health *health, const struct health_cell *target) {
  const struct health_column *column = health_column(health, target, 0), *end = column + health->workers;
  unsigned count = 0;
  for (; column < end; column++) count += atomic_load(&column->in_flight);
  return count;
}

bool health_slot_take(struct health *health, struct health_cell *target, unsigned worker, unsigned limit) {
  _Atomic uint32_t *own = &health_column(health, target, worker)->in_flight;
  for (unsigned i = 0; i < TRIES; i++) {
    if (limit > 0 && health_in_flight(health, target) >= limit) return false;
    atomic_fetch_add(own, 1);
    if (limit == 0 || health_in_flight(health, target) <= limit) return true;
    atomic_fetch_sub(own, 1);
    for (unsigned turn = 0; turn < (worker + 1) << i; turn++) atomic_signal_fence(memory_order_seq_cst);
  }
  return false;
}

void health_slot_give(struct health *health, struct health_cell *target, unsigned worker) {
  atomic_fetch_sub(&health_column(health, target, worker)->in_flight, 1);
}
