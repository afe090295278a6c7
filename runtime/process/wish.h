// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/list.h"
#include "shared/generations.h"

/* What a script asks of the supervisor, and waits for: a reload, or to go back to a generation. */
struct worker;
struct task;

struct wish {
  struct list node; /* in worker->wishes; alone once it is answered */
  struct worker *worker;
  uint64_t ticket; /* of a reload; 0 = it is a wish to go back, to: */
  uint64_t number;
  bool asked; /* the supervisor has been told */
  struct task *task;
  uint64_t wait; /* number of its wait */
  int outcome;   /* enum generation_outcome of a reload, enum generation_wish else */
  char reason[GENERATION_NOTE_SIZE];
};

/* Both are owned by the waiting task: freed by wish_free. The caller then begins its wait and calls wish_wait. */
struct wish *wish_reload(struct worker *worker, bool all_specs);
struct wish *wish_rollback(struct worker *worker, uint64_t number);
void wish_wait(struct wish *wish, struct task *task, uint64_t wait);
void wish_free(struct wish *wish);

/* Wakes those whose wish has been answered. */
void wishes_look(struct worker *worker);
