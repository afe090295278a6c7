// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "loop/timer.h"
#include "script/task.h"

/* Tasks that one task has started and waits for, the first that ends waking it. Each is a task like any other: it may
 * wait, and has its own CPU limit. They go when their brood is closed, and with the wait of their parent when that one
 * is cancelled; a child may cancel the others. Lives in memory of its owner's. */
enum { BROOD_MAX = 4 };

struct brood;

struct brood_child {
  struct brood *brood;
  struct task *task; /* null: it has ended, or was cancelled */
  bool told;         /* brood_await has said that it ended */
};

struct brood {
  struct loop *loop; /* borrowed */
  struct brood_child children[BROOD_MAX];
  unsigned count;
  struct task *parent; /* who waits; null: nobody */
  uint64_t number;
  struct timer timer; /* how long it waits */
  /* A child's script has failed: `error` and the task as in task_done. The owner closes the brood, and ends the parent:
   * it is not woken. */
  void (*failed)(void *owner, struct task *child, const struct error *error);
  void *owner;
};

void brood_open(struct brood *brood, struct loop *loop, void (*failed)(void *, struct task *, const struct error *),
                void *owner);

/* Starts the function on top of `L` with the `argument_count` values above it, all of which are popped. Returns its
 * number, from 0 on; -1 and nothing is started or popped: there are BROOD_MAX of them. */
int brood_start(struct brood *brood, lua_State *L, int argument_count);

/* Waits until a child has ended that was not told yet: the caller does `return brood_await(...)` and its Lua gets that
 * one's number plus 1; or nothing after `milliseconds` (below 0: without end). Raises where task_check does. */
int brood_await(struct brood *brood, lua_State *L, double milliseconds);

/* Cancels one; null when it is over, else who it was: not to be called, only compared. */
const struct task *brood_cancel(struct brood *brood, unsigned index);

/* Cancels all. Harmless when there are none. */
void brood_close(struct brood *brood);

/* Whose child is it: the owner of its brood, or null. */
void *brood_owner_of(const struct task *task);
