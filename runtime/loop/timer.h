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

/* The wheel belongs to the loop: see loop.h. */
struct timer_wheel *timer_wheel_open(uv_loop_t *uv);
void timer_wheel_close(struct timer_wheel *wheel); /* freed in the close callback of its uv timer */
