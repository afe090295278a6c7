// SPDX-License-Identifier: Apache-2.0
#include "loop/timer.h"

#include <stdlib.h>

#include "base/check.h"

enum { WHEEL_SLOTS = 512, WHEEL_TICK_MS = 16 };

struct timer_wheel {
  uv_timer_t uv;
  struct list slots[WHEEL_SLOTS];
  uint64_t tick;  /* every slot up to and including this tick has been run */
  uint64_t armed; /* the tick the uv timer waits for; 0 when it is stopped */
  bool frozen;
  uint64_t now; /* while it is frozen */
};

static void wheel_run(uv_timer_t *uv);

uint64_t timer_wheel_now(const struct timer_wheel *wheel) {
  return wheel->frozen ? wheel->now : uv_now(wheel->uv.loop);
}

/* A tick whose slot holds something, after `wheel->tick`, within one turn; 0 when the wheel is empty. */
static uint64_t next_tick(const struct timer_wheel *wheel) {
  for (uint64_t tick = wheel->tick + 1; tick <= wheel->tick + WHEEL_SLOTS; tick++) {
    if (!list_empty(&wheel->slots[tick % WHEEL_SLOTS])) return tick;
  }
  return 0;
}

static void wheel_arm(struct timer_wheel *wheel, uint64_t tick) {
  uint64_t now = uv_now(wheel->uv.loop);
  uint64_t at = tick * WHEEL_TICK_MS;
  if (wheel->frozen) return;
  wheel->armed = tick;
  uv_timer_start(&wheel->uv, wheel_run, at > now ? at - now : 0, 0);
}

static void slot_run(struct timer_wheel *wheel, uint64_t tick, uint64_t now) {
  struct list due;
  list_init(&due);
  struct list *slot = &wheel->slots[tick % WHEEL_SLOTS];
  for (struct list *node = slot->next; node != slot;) {
    struct list *next = node->next;
    if (LIST_OWNER(node, struct timer, node)->due <= now) {
      list_remove(node);
      list_push_back(&due, node);
    }
    node = next;
  }
  while (!list_empty(&due)) { /* a callback may stop any other timer, also one in `due` */
    struct timer *timer = LIST_OWNER(due.next, struct timer, node);
    list_remove(&timer->node);
    timer->fire(timer);
  }
}

static void wheel_turn(struct timer_wheel *wheel, uint64_t now) {
  uint64_t last = now / WHEEL_TICK_MS;
  uint64_t first = wheel->tick + 1;
  if (last >= first + WHEEL_SLOTS) first = last - WHEEL_SLOTS + 1; /* after a long stop one turn covers every slot */
  wheel->tick = last;
  wheel->armed = 0;
  for (uint64_t tick = first; tick <= last; tick++) slot_run(wheel, tick, now);
  uint64_t next = next_tick(wheel);
  if (next && (!wheel->armed || next < wheel->armed)) wheel_arm(wheel, next);
}

static void wheel_run(uv_timer_t *uv) {
  wheel_turn(uv->data, uv_now(uv->loop));
}

void timer_wheel_freeze(struct timer_wheel *wheel) {
  wheel->now = uv_now(wheel->uv.loop);
  wheel->frozen = true;
  wheel->armed = 0;
  uv_timer_stop(&wheel->uv);
}

/* The timer that is due first. */
static struct timer *earliest(const struct timer_wheel *wheel) {
  struct timer *found = NULL;
  for (int i = 0; i < WHEEL_SLOTS; i++) {
    for (struct list *node = wheel->slots[i].next; node != &wheel->slots[i]; node = node->next) {
      struct timer *timer = LIST_OWNER(node, struct timer, node);
      if (!found || timer->due < found->due) found = timer;
    }
  }
  return found;
}

bool timer_wheel_leap(struct timer_wheel *wheel, uint64_t *passed) {
  struct timer *timer = earliest(wheel);
  if (!timer) return false;
  *passed = timer->due > wheel->now ? timer->due - wheel->now : 0;
  wheel->now += *passed;
  list_remove(&timer->node);
  timer->fire(timer);
  return true;
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer)) {
  list_init(&timer->node);
  timer->due = 0;
  timer->fire = fire;
}

void timer_start(struct timer_wheel *wheel, struct timer *timer, uint64_t after_ms) {
  timer_stop(timer);
  timer->due = timer_wheel_now(wheel) + after_ms;
  uint64_t tick = timer->due / WHEEL_TICK_MS + 1; /* the first tick that is not early */
  if (tick <= wheel->tick) tick = wheel->tick + 1;
  list_push_back(&wheel->slots[tick % WHEEL_SLOTS], &timer->node);
  if (tick > wheel->tick + WHEEL_SLOTS) tick = wheel->tick + WHEEL_SLOTS; /* looked at once a turn until due */
  if (!wheel->armed || tick < wheel->armed) wheel_arm(wheel, tick);
}

void timer_stop(struct timer *timer) {
  list_remove(&timer->node);
}

bool timer_running(const struct timer *timer) {
  return !list_empty(&timer->node);
}

struct timer_wheel *timer_wheel_open(uv_loop_t *uv) {
  struct timer_wheel *wheel = calloc(1, sizeof *wheel);
  REQUIRE(wheel != NULL);
  for (int i = 0; i < WHEEL_SLOTS; i++) list_init(&wheel->slots[i]);
  REQUIRE(uv_timer_init(uv, &wheel->uv) == 0);
  uv_unref((uv_handle_t *)&wheel->uv);
  wheel->uv.data = wheel;
  wheel->tick = uv_now(uv) / WHEEL_TICK_MS;
  return wheel;
}

static void wheel_closed(uv_handle_t *handle) {
  free(handle->data);
}

void timer_wheel_close(struct timer_wheel *wheel) {
  uv_close((uv_handle_t *)&wheel->uv, wheel_closed);
}
