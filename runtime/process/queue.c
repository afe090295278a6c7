// SPDX-License-Identifier: Apache-2.0
#include "process/queue.h"

#include <stdlib.h>

#include "base/check.h"
#include "process/worker.h"
#include "shared/health_queue.h"

/* One target's waiters; there while it has any. */
struct queue {
  struct list link;
  struct queue_desk *desk;
  struct health_cell *target;
  struct list waiters;
};

/* ---- lists ---- */

static struct queue *queue_find(const struct queue_desk *desk, const struct health_cell *target) {
  for (struct list *at = desk->queues.next; at != &desk->queues; at = at->next) {
    struct queue *queue = LIST_OWNER(at, struct queue, link);
    if (queue->target == target) return queue;
  }
  return NULL;
}

static struct queue_waiter *first_of(const struct queue *queue) {
  return list_empty(&queue->waiters) ? NULL : LIST_OWNER(queue->waiters.next, struct queue_waiter, link);
}

static void publish(const struct queue *queue) {
  const struct queue_waiter *first = first_of(queue);
  const struct worker *worker = queue->desk->worker;
  health_queue_publish(worker->segment->health, queue->target, worker->index, first ? first->ticket : 0);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void desk_watch(struct queue_desk *desk) {
  uv_poll_start(&desk->poll, UV_READABLE, on_readable);
  timer_start(desk->worker->loop.wheel, &desk->look, QUEUE_LOOK_MS);
}

static struct queue *queue_new(struct queue_desk *desk, struct health_cell *target) {
  struct queue *queue = calloc(1, sizeof *queue);
  REQUIRE(queue != NULL);
  queue->desk = desk;
  queue->target = target;
  list_init(&queue->waiters);
  if (list_empty(&desk->queues)) desk_watch(desk);
  list_push_back(&desk->queues, &queue->link);
  return queue;
}

static void queue_end(struct queue *queue) {
  struct queue_desk *desk = queue->desk;
  list_remove(&queue->link);
  free(queue);
  if (!list_empty(&desk->queues)) return;
  uv_poll_stop(&desk->poll);
  timer_stop(&desk->look);
}

/* Takes the waiter out of the queue, which may be gone afterwards. */
static void waiter_out(struct queue_waiter *waiter) {
  struct queue *queue = waiter->queue;
  const struct worker *worker = queue->desk->worker;
  waiter->queue = NULL;
  timer_stop(&waiter->timer);
  list_remove(&waiter->link);
  publish(queue);
  health_queue_leave(worker->segment->health, queue->target, worker->index);
  if (list_empty(&queue->waiters)) queue_end(queue);
}

/* ---- serving ---- */

/* A worker whose loop stands still lets nobody in: the others' waiters do not wait for it, too. */
static unsigned first_worker(const struct queue_desk *desk, const struct health_cell *target) {
  const struct segment *segment = desk->worker->segment;
  uint64_t now = loop_now(&desk->worker->loop), stalled = 0;
  for (unsigned i = 0; i < segment->worker_count; i++) {
    uint64_t tick = atomic_load(&segment->workers[i].tick_ms);
    if (i != desk->worker->index && tick + QUEUE_STALLED_MS < now) stalled |= (uint64_t)1 << i;
  }
  return health_queue_first(segment->health, target, stalled);
}

/* Lets the first waiter in, when it is the first of all. False when nothing has changed. */
static bool serve_first(struct queue_desk *desk, struct queue *queue) {
  const struct worker *worker = desk->worker;
  struct queue_waiter *first = first_of(queue);
  if (first_worker(desk, queue->target) != worker->index) return false;
  enum health_answer answer = stay_enter_waited(first->call, first->place, loop_now(&worker->loop), &first->stay);
  if (answer == HEALTH_BUSY) return false;
  first->answer = answer;
  waiter_out(first);
  task_wake(first->task, first->number);
  return true;
}

void queue_offer(struct queue_desk *desk, const struct stay_place *place) {
  const struct health_place *health = &place->health;
  while (health->limit > 0) {
    struct health_load load = health_load(health->health, health->target);
    if (load.waiting == 0 || load.in_flight >= health->limit) return;
    struct queue *queue = queue_find(desk, health->target);
    if (queue && serve_first(desk, queue)) continue;
    unsigned first = first_worker(desk, health->target);
    if (first < health->health->workers && first != desk->worker->index) segment_wake(desk->worker->segment, first);
    return;
  }
}

static void serve_all(struct queue_desk *desk) {
  struct list *at = desk->queues.next;
  while (at != &desk->queues) {
    struct queue *queue = LIST_OWNER(at, struct queue, link);
    at = at->next; /* this one may end */
    queue_offer(desk, first_of(queue)->place);
  }
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct queue_desk *desk = poll->data;
  (void)status, (void)events;
  segment_woken(desk->worker->segment, desk->worker->index);
  serve_all(desk);
}

static void look_again(struct timer *timer) {
  struct queue_desk *desk = LIST_OWNER(timer, struct queue_desk, look);
  timer_start(desk->worker->loop.wheel, timer, QUEUE_LOOK_MS);
  serve_all(desk);
}

/* ---- waiting ---- */

static void waited_in_vain(struct timer *timer) {
  struct queue_waiter *waiter = LIST_OWNER(timer, struct queue_waiter, timer);
  waiter->answer = HEALTH_BUSY;
  queue_quit(waiter);
  task_wake(waiter->task, waiter->number);
}

bool queue_join(struct queue_desk *desk, struct queue_waiter *waiter) {
  const struct health_place *place = &waiter->place->health;
  waiter->answer = HEALTH_BUSY;
  waiter->ticket = health_queue_join(place->health, place->target, desk->worker->index, place->queue_size);
  if (waiter->ticket == 0) return false;
  waiter->queue = queue_find(desk, place->target);
  if (!waiter->queue) waiter->queue = queue_new(desk, place->target);
  list_push_back(&waiter->queue->waiters, &waiter->link);
  publish(waiter->queue);
  timer_init(&waiter->timer, waited_in_vain);
  timer_start(desk->worker->loop.wheel, &waiter->timer, place->queue_ms);
  queue_offer(desk, waiter->place); /* a slot may have become free before anybody knew of this waiter */
  return true;
}

/* Somebody may have been told of a free slot for its sake: that goes on to the next one. */
void queue_quit(struct queue_waiter *waiter) {
  if (!waiter->queue) return;
  struct queue_desk *desk = waiter->queue->desk;
  waiter_out(waiter);
  queue_offer(desk, waiter->place);
}

/* ---- the desk ---- */

void queue_desk_open(struct queue_desk *desk, struct worker *worker) {
  desk->worker = worker;
  list_init(&desk->queues);
  timer_init(&desk->look, look_again);
  REQUIRE(uv_poll_init(&worker->loop.uv, &desk->poll, worker->segment->wakes[worker->index]) == 0);
  desk->poll.data = desk;
  uv_unref((uv_handle_t *)&desk->poll);
}

void queue_desk_close(struct queue_desk *desk) {
  timer_stop(&desk->look);
  uv_close((uv_handle_t *)&desk->poll, NULL);
}
