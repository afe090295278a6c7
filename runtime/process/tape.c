// SPDX-License-Identifier: Apache-2.0
#include "process/tape.h"

void tape_start(struct tape *tape, struct arena *arena) {
  *tape = (struct tape){.arena = arena};
  tape->last = &tape->first;
}

void tape_add(struct tape *tape, struct slice name, struct slice json) {
  if (tape->count == TAPE_DRAWS_MAX) return;
  struct tape_draw *draw = arena_alloc(tape->arena, sizeof *draw);
  draw->name = arena_copy(tape->arena, name);
  draw->json = arena_copy(tape->arena, json);
  *tape->last = draw;
  tape->last = &draw->next;
  tape->count++;
}

bool tape_take(struct tape *tape, struct slice name, struct slice *json) {
  for (struct tape_draw *draw = tape->first; draw; draw = draw->next) {
    if (draw->used || !slice_equal(draw->name, name)) continue;
    draw->used = true;
    *json = draw->json;
    return true;
  }
  return false;
}
