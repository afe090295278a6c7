// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "shared/health.h"

/* Who waits for a slot of a target, over all workers: first come, first served. Each worker keeps its own waiters in
 * order and publishes the ticket of the one that waits longest. */

/* One more waits, unless `queue_size` do already. Gives a ticket, larger than all before it; 0: the queue is full. */
uint64_t health_queue_join(struct health *health, struct health_cell *target, unsigned worker, unsigned queue_size);
/* One less; it has got a slot, or has given up. */
void health_queue_leave(struct health *health, struct health_cell *target, unsigned worker);

/* The ticket of this worker's first waiter; 0: it has none. */
void health_queue_publish(struct health *health, struct health_cell *target, unsigned worker, uint64_t ticket);

/* Whose waiter is the first of all, those of workers in `stalled` (a bit each) left out; the number of workers when
 * none waits. */
unsigned health_queue_first(const struct health *health, const struct health_cell *target, uint64_t stalled);
