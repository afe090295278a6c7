// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "loop/timer.h"
#include "process/stay.h"

/* Calls that wait for a slot of a target: this worker's, in order, as a part of all workers' (shared/health_queue.h).
 * Who gives a slot back and is not first in line wakes the worker that is, through a descriptor made before the fork;
 * looking again every QUEUE_LOOK_MS is the net below. */
enum { QUEUE_LOOK_MS = 50, QUEUE_STALLED_MS = 1500 };

struct queue_desk {
  struct worker *worker;
  struct list queues; /* of targets that have waiters here */
  uv_poll_t poll;     /* active while there are any */
  struct timer look;
};

void queue_desk_open(struct queue_desk *desk, struct worker *worker);
void queue_desk_close(struct queue_desk *desk);

/* Lives in its call's arena. */
struct queue_waiter {
  struct list link;
  struct queue *queue; /* null: it waits no more */
  struct call *call;
  const struct stay_place *place;
  uint64_t ticket;
  struct timer timer;
  enum health_answer answer; /* once it waits no more; BUSY: it has waited in vain */
  struct stay *stay;         /* with YES */
  struct task *task;         /* whom to wake, and which of its waits */
  uint64_t number;
};

/* Puts the call into the target's queue; false when that is full: answer BUSY. Its task is woken once it waits no more,
 * which may be at once. */
bool queue_join(struct queue_desk *desk, struct queue_waiter *waiter);

/* It waits no more: its call has ended. Safe afterwards. */
void queue_quit(struct queue_waiter *waiter);

/* A slot may have become free there. */
void queue_offer(struct queue_desk *desk, const struct stay_place *place);
