// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* What the world outside told the scripts of one request: each draw of the clock, of the random source, of the counters
 * all workers share, in its order. Written while a request is recorded, played back when it is replayed, so that both
 * see the same. Lives in an arena. */
struct tape_draw {
  struct tape_draw *next;
  struct slice name, json; /* "clock.now", the results as an array; in the arena */
  bool used;
};

struct tape {
  struct arena *arena; /* borrowed; outlives the tape */
  struct tape_draw *first, **last;
  unsigned count;
  bool playing;
};

enum { TAPE_DRAWS_MAX = 4096 };

void tape_start(struct tape *tape, struct arena *arena);

/* Copies both. Beyond TAPE_DRAWS_MAX draws nothing more is kept. */
void tape_add(struct tape *tape, struct slice name, struct slice json);

/* The next draw of this name that was not taken yet. False when there is none: the script asks more than it did. */
bool tape_take(struct tape *tape, struct slice name, struct slice *json);
