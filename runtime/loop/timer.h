// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"

/* Deadlines by the thousand: a hashed wheel on one uv timer, so that starting, moving and stopping a timer is a few
 * stores and never a system call. Resolution 16 ms, never early. Monotonic clock. */
struct timer_wheel;

/* Lives inside its owner; must be stopped before the owner's memory goes. Zero-initialise with timer_init. */
struct timer {
  struct list node;
  uint64_t due; /* loop milliseconds */
  void (*fire)(struct timer *timer);
};

void timer_init(struct timer *timer, void (*fire)(struct timer *timer));

/* Fires once, `after_ms` from now; a running timer is moved. */
void timer_start(struct timer_wheel *wheel, struct timer *timer, uint64_t after_ms);

/* Safe on a stopped timer. */
void timer_stop(struct timer *timer);

bool timer_running(const struct timer *timer);

/* Milliseconds on the wheel's own clock. */
uint64_t timer_wheel_now(const struct timer_wheel *wheel);

/* For replays: its time stands still from now on, and moves by timer_wheel_leap alone. */
void timer_wheel_freeze(struct timer_wheel *wheel);

/* Moves a frozen wheel to the moment when its next timer is due, and fires that one. Returns false when no timer
 * runs; else `passed` is by how many milliseconds. */
bool timer_wheel_leap(struct timer_wheel *wheel, uint64_t *passed);

/* The wheel belongs to the loop: see loop.h. */
struct timer_wheel *timer_wheel_open(uv_loop_t *uv);
void timer_wheel_close(struct timer_wheel *wheel); /* freed in the close callback of its uv timer */
