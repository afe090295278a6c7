// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <uv.h>

#include "base/list.h"
#include "loop/timer.h"
#include "script/task.h"

/* What scripts put off: coroutines of their own, off the path of any answer. Bounded, and paced so that a queue of them
 * leaves most of the worker's time to requests. Nothing here outlives BACKGROUND_LONGEST_MS, so a retired VM drains. */
struct worker;

enum { BACKGROUND_PENDING = 256, BACKGROUND_RUNNING = 32, BACKGROUND_LONGEST_MS = 60000 };

struct background {
  struct worker *worker;
  struct list pending, running; /* of struct background_job */
  unsigned pending_count, running_count;
  uv_idle_t turn;      /* active while one may begin: one per turn of the loop */
  struct timer rest;   /* until the next may begin */
  uint64_t rest_until; /* uv_hrtime */
};

void background_open(struct background *background, struct worker *worker);

/* Cancels everything; before the rooms that jobs use are closed, and before the loop is. */
void background_close(struct background *background);

/* Takes the function on top of `L` with the `argument_count` values above it. False when there is no room: nothing was
 * popped. May raise for memory. */
bool background_add(struct background *background, lua_State *L, int argument_count);

/* Told when a job has ended, in whatever way: also one that has not begun. Once, and not before background_add. */
struct background_end {
  void (*call)(void *owner, unsigned number);
  void *owner;
  unsigned number;
};
bool background_add_told(struct background *background, lua_State *L, int argument_count, struct background_end end);

bool background_idle(const struct background *background);

/* True when `task` is one of these. */
bool background_owns(const struct task *task);
