// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "process/prepare.h"
#include "process/worker.h"

/* The statistics of a generation's scripts: who is told by guards. */

struct generation_note {
  struct guard_watch watch; /* first */
  struct generation *generation;
  struct script_stats *stats; /* in the shared slot, which may be given up before the generation is */
  struct generation_note *next;
  char kind[STATS_KIND_SIZE], name[STATS_NAME_SIZE];
};

static bool slot_is_ours(const struct generation *generation) {
  const struct generations *shared = generation->worker->desk.shared;
  return !generation->retired || atomic_load(&shared->slots[generation->slot].number) == generation->number;
}

static void on_hook(struct guard_watch *watch, uint64_t nanoseconds, bool fault) {
  struct generation_note *note = (struct generation_note *)(void *)watch;
  if (slot_is_ours(note->generation)) script_stats_add(note->stats, nanoseconds, fault);
}

static struct generation_note *note_find(const struct generation *generation, const char *kind, const char *name) {
  struct generation_note *note = generation->notes;
  while (note && (strcmp(note->name, name) != 0 || strcmp(note->kind, kind) != 0)) note = note->next;
  return note;
}

static struct generation_note *note_make(struct generation *generation, const char *kind, const char *name) {
  struct worker *worker = generation->worker;
  struct script_stats *stats = generation_stats(worker->desk.shared, generation->slot, worker->index, kind, name);
  if (!stats) return NULL;
  struct generation_note *note = calloc(1, sizeof *note);
  REQUIRE(note != NULL);
  *note =
      (struct generation_note){.watch = {on_hook}, .generation = generation, .stats = stats, .next = generation->notes};
  memcpy(note->kind, kind, strlen(kind) + 1);
  memcpy(note->name, name, strlen(name) + 1);
  generation->notes = note;
  return note;
}

static struct generation_note *note_of(struct generation *generation, const char *kind, const char *name) {
  struct generation_note *note = note_find(generation, kind, name);
  return note ? note : note_make(generation, kind, name);
}

struct guard_watch *generation_watch(struct generation *generation, const char *kind, const char *name) {
  struct generation_note *note = note_of(generation, kind, name);
  return note ? &note->watch : NULL;
}

void generation_fault(struct generation *generation, const char *kind, const char *name) {
  struct generation_note *note = generation ? note_of(generation, kind, name) : NULL;
  if (note && slot_is_ours(generation)) script_stats_fault(note->stats);
}

void generation_notes_free(struct generation *generation) {
  while (generation->notes) {
    struct generation_note *next = generation->notes->next;
    free(generation->notes);
    generation->notes = next;
  }
}
