// SPDX-License-Identifier: Apache-2.0
#include "shared/health_queue.h"

uint64_t health_queue_join(struct health *health, struct health_cell *target, unsigned worker, unsigned queue_size) {
  _Atomic uint32_t *own = &health_column(health, target, worker)->waiting;
  atomic_fetch_add(own, 1);
  if (health_load(health, target).waiting <= queue_size) return atomic_fetch_add(&target->tickets, 1) + 1;
  atomic_fetch_sub(own, 1);
  return 0;
}

void health_queue_leave(struct health *health, struct health_cell *target, unsigned worker) {
  atomic_fetch_sub(&health_column(health, target, worker)->waiting, 1);
}

void health_queue_publish(struct health *health, struct health_cell *target, unsigned worker, uint64_t ticket) {
  atomic_store(&health_column(health, target, worker)->oldest, ticket);
}

unsigned health_queue_first(const struct health *health, const struct health_cell *target, uint64_t stalled) {
  const struct health_column *columns = health_column(health, target, 0);
  uint64_t first = UINT64_MAX;
  unsigned whose = health->workers;
  for (unsigned i = 0; i < health->workers; i++) {
    uint64_t ticket = atomic_load(&columns[i].oldest);
    if (ticket == 0 || ticket >= first || (stalled >> i & 1)) continue;
    first = ticket;
    whose = i;
  }
  return whose;
}
