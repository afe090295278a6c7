// SPDX-License-Identifier: Apache-2.0
#include "process/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "process/gate_child.h"
#include "process/reload_note.h"
#include "process/roots.h"
#include "script/bundle.h"

/* What all workers together may take to prepare a generation, and how many of them may die of it. */
enum { PREPARE_MS = 20000, PREPARE_DEATHS = 3, ANSWERS_LOOK_MS = 10 };

/* How often a gate that nobody waits for is given up in a row, and how long somebody may have waited who is made to
 * wait for one more: whoever saves all the time holds up neither. */
enum { ABANDONMENTS_MAX = 5, WAITED_MAX_MS = 2000 };

static struct generation_slot *slot_of(const struct reload *reload, uint64_t word) {
  return &reload->shared->slots[generation_word_slot(word)];
}

/* ---- what is watched ---- */

/* `refused`: null, or what was not taken: its overlay may be what has to be put right. */
static void watch_generation(struct reload *reload, const struct generation_slot *refused) {
  const char *roots[GENERATION_ROOTS], *files[4];
  char catalog[GENERATION_ROOT_SIZE];
  const struct generation_slot *slot = generations_active(reload->shared);
  struct watch_paths paths = {.roots = roots, .files = files};
  for (size_t i = 0; i < GENERATION_ROOTS; i++) {
    if (slot->roots[i][0]) roots[paths.root_count++] = slot->roots[i];
  }
  if (roots_config_path()) files[paths.file_count++] = roots_config_path();
  bool placed = slot->roots[0][0] && bundle_catalog_path(slot->roots[0], catalog, sizeof catalog);
  if (placed && access(catalog, F_OK) == 0) files[paths.file_count++] = catalog;
  if (slot->overlay[0]) files[paths.file_count++] = slot->overlay;
  if (refused && refused->overlay[0]) files[paths.file_count++] = refused->overlay;
  if (reload->watch) watch_set(reload->watch, &paths);
}

void reload_open(struct reload *reload, const struct gate_options *gate) {
  if (!reload->shared) return;
  reload->gate.options = gate;
  reload->started = malloc(sizeof *reload->started);
  if (reload->started) *reload->started = generations_active(reload->shared)->settings;
  atomic_store(&reload->shared->supervisor, getpid());
  reload->watch = watch_open();
  if (!reload->watch) reload_note_unwatched(reload);
  watch_generation(reload, NULL);
  reload_note_number(reload);
}

void reload_close(struct reload *reload) {
  watch_close(reload->watch);
  free(reload->started);
}

/* ---- the end of a run ---- */

/* Everybody who asked before it began has the answer. */
static void run_end(struct reload *reload, enum generation_outcome outcome) {
  reload->state = RELOAD_IDLE;
  reload->abandonments = 0;
  reload->waiting_ms = 0;
  atomic_store(&reload->shared->candidate, 0);
  atomic_store(&reload->shared->outcome, outcome);
  atomic_store(&reload->shared->completed, reload->ticket);
  crew_signal(reload->crew, SIGUSR1);
}

static void back_end(struct reload *reload, enum generation_wish answer) {
  reload->state = RELOAD_IDLE;
  atomic_store(&reload->shared->candidate, 0);
  if (reload->asker >= 0) {
    struct generation_voice *voice = &reload->shared->voices[reload->asker];
    snprintf(voice->wish_reason, sizeof voice->wish_reason, "%s", reload->why);
    if (atomic_load(&voice->wish) == WISH_ASKED) atomic_store(&voice->wish, answer);
  }
  crew_signal(reload->crew, SIGUSR1);
}

static int64_t wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void refuse(struct reload *reload, unsigned slot) {
  generations_reject(reload->shared, generations_part(reload->shared, slot, GENERATION_REPORT), wall_ms());
  reload_note_rejected(reload, &reload->shared->slots[slot]);
  memcpy(reload->refused, reload->shared->slots[slot].digest, sizeof reload->refused);
  reload->refused_until = atomic_load(&reload->shared->requested);
  watch_generation(reload, &reload->shared->slots[slot]);
  generations_drop(reload->shared, slot);
  run_end(reload, OUTCOME_REFUSED);
}

/* ---- the swap ---- */

static void leave_behind(struct reload *reload, struct generation_slot *before) {
  atomic_store(&before->state, reload->back ? GENERATION_ROLLED_BACK : GENERATION_KEPT);
  if (!reload->back) {
    reload->blocked[0] = '\0';
    return;
  }
  memcpy(reload->blocked, before->id, sizeof reload->blocked);
  memcpy(before->note, reload->why, sizeof before->note);
}

static void commit(struct reload *reload, uint64_t now) {
  struct generations *shared = reload->shared;
  struct generation_slot *before = generations_active(shared), *slot = slot_of(reload, reload->candidate);
  uint64_t from = atomic_load(&before->number);
  leave_behind(reload, before);
  slot->activated_ms = wall_ms();
  slot->note[0] = '\0';
  if (!reload->back) {
    slot->previous = from;
    atomic_store(&slot->number, ++shared->last_number);
  }
  atomic_store(&slot->state, GENERATION_ACTIVE);
  atomic_store(&shared->active, reload->candidate);
  reload->prepare_ms = now - reload->prepare_ms;
  reload_note_activated(reload, slot, from);
  watch_generation(reload, NULL);
  if (reload->back) {
    retreat_rest(&reload->retreat);
    back_end(reload, WISH_GRANTED);
  } else {
    retreat_watch(&reload->retreat, now, slot->settings.script_rollback_window_ms);
    run_end(reload, OUTCOME_ACTIVE);
  }
}

static void give_up(struct reload *reload, const char *why) {
  unsigned slot = generation_word_slot(reload->candidate);
  if (reload->back) {
    snprintf(reload->why, sizeof reload->why, "%s", why);
    back_end(reload, WISH_FAILED);
  } else {
    gate_refuse(reload->shared, slot, "", why);
    refuse(reload, slot);
  }
}

static void prepare_begin(struct reload *reload, unsigned slot, bool back, uint64_t now) {
  reload->candidate = generations_word(reload->shared, slot);
  reload->state = RELOAD_PREPARE;
  reload->back = back;
  reload->due_ms = now + PREPARE_MS;
  reload->prepare_ms = now;
  reload->deaths = reload->crew->ended;
  atomic_store(&reload->shared->candidate, reload->candidate);
  crew_signal(reload->crew, SIGUSR1);
}

/* Every living worker must have it ready: one that comes later loads what is active then. */
static void prepare_look(struct reload *reload, uint64_t now) {
  unsigned missing = 0;
  for (unsigned i = 0; i < reload->crew->count; i++) {
    const struct generation_voice *voice = &reload->shared->voices[i];
    if (reload->crew->members[i].pid == 0) continue;
    bool answered = atomic_load(&voice->answered) == reload->candidate;
    if (answered && atomic_load(&voice->refused)) {
      give_up(reload, voice->reason);
      return;
    }
    missing += !answered;
  }
  if (missing == 0 && crew_alive(reload->crew) > 0) {
    commit(reload, now);
  } else if (reload->crew->ended - reload->deaths >= PREPARE_DEATHS) {
    give_up(reload, "workers died while they prepared it");
  } else if (now >= reload->due_ms) {
    give_up(reload, "the workers could not prepare it in time");
  }
}

/* ---- beginnings ---- */

static int kept_slot(const struct reload *reload) {
  return generations_find(reload->shared, generations_active(reload->shared)->previous);
}

static struct gate_task gate_task_make(const struct reload *reload, bool asked) {
  struct generations *shared = reload->shared;
  uint64_t answered = atomic_load(&shared->completed);
  struct gate_task task = {.asked = asked, .all_specs = atomic_load(&shared->requested_all) > answered};
  memcpy(task.blocked, reload->blocked, sizeof task.blocked);
  bool was_judged = reload->ticket > answered && reload->ticket <= reload->refused_until && !reload->asked;
  if (was_judged) memcpy(task.refused, reload->refused, sizeof task.refused);
  return task;
}

static void gate_begin(struct reload *reload, bool asked, uint64_t now) {
  reload->ticket = atomic_load(&reload->shared->requested);
  struct gate_task task = gate_task_make(reload, asked);
  if (reload->ticket > atomic_load(&reload->shared->completed) && !reload->waiting_ms) reload->waiting_ms = now;
  if (reload->watch) reload->read_changes = watch_take(reload->watch, now);
  reload->hung_up = reload->asked;
  reload->asked = false;
  if (gate_start(&reload->gate, &task, kept_slot(reload), now) == 0) {
    reload->state = RELOAD_GATE;
    reload->gate_ms = now;
  } else {
    reload_note_no_gate(reload);
    run_end(reload, OUTCOME_REFUSED);
  }
}

/* ---- a gate whose files have changed ---- */

static bool may_abandon(const struct reload *reload, uint64_t now) {
  if (!reload->watch || reload->abandoned) return false;
  bool newer = atomic_load(&reload->shared->requested) > reload->ticket;
  if (reload->waiting_ms) return now - reload->waiting_ms < WAITED_MAX_MS;
  return newer || reload->abandonments < ABANDONMENTS_MAX;
}

static void outdated_look(struct reload *reload, uint64_t now) {
  if (!may_abandon(reload, now) || watch_changes(reload->watch) == reload->read_changes) return;
  bool newer = atomic_load(&reload->shared->requested) > reload->ticket;
  if (!newer && !watch_due(reload->watch, now)) return;
  reload->abandoned = true;
  gate_kill(&reload->gate);
}

/* Whoever waits for it, waits for the next. */
static void abandon(struct reload *reload, unsigned slot) {
  generations_drop(reload->shared, slot);
  reload_note_abandoned(reload);
  reload->abandoned = false;
  reload->abandonments++;
  reload->asked = reload->asked || reload->hung_up;
  reload->state = RELOAD_IDLE;
}

static void back_begin(struct reload *reload, uint64_t number, int asker, uint64_t now) {
  int slot = generations_find(reload->shared, number);
  reload->asker = asker;
  if (slot < 0) {
    back_end(reload, WISH_UNKNOWN);
  } else if (reload->shared->slots[slot].state == GENERATION_ACTIVE) {
    back_end(reload, WISH_GRANTED);
  } else {
    prepare_begin(reload, (unsigned)slot, true, now);
  }
}

static bool wish_take(struct reload *reload, uint64_t now) {
  for (unsigned i = 0; i < reload->crew->count; i++) {
    struct generation_voice *voice = &reload->shared->voices[i];
    if (atomic_load(&voice->wish) != WISH_ASKED) continue;
    snprintf(reload->why, sizeof reload->why, "an operator went back to generation %llu",
             (unsigned long long)voice->wished);
    back_begin(reload, voice->wished, (int)i, now);
    return true;
  }
  return false;
}

static bool retreat_look(struct reload *reload, uint64_t now) {
  struct retreat_reason reason;
  struct generation_slot *active = generations_active(reload->shared);
  unsigned slot = generation_word_slot(atomic_load(&reload->shared->active));
  if (!retreat_needed(&reload->retreat, reload->shared, slot, reload->crew->count, now, &reason)) return false;
  retreat_rest(&reload->retreat);
  if (kept_slot(reload) < 0) return false;
  snprintf(reload->why, sizeof reload->why, "%s/%s: %s %.4g above %.4g", reason.script->kind, reason.script->name,
           reason.metric, reason.value, reason.threshold);
  reload_note_retreat(reload, active, &reason);
  back_begin(reload, active->previous, -1, now);
  return true;
}

static void idle_look(struct reload *reload, uint64_t now) {
  bool requested = atomic_load(&reload->shared->requested) > atomic_load(&reload->shared->completed);
  bool changed = reload->watch && watch_due(reload->watch, now);
  bool proven = crew_reached(reload->crew, WORKER_READY) && crew_alive(reload->crew) > 0;
  if (requested || changed || reload->asked) {
    gate_begin(reload, requested || reload->asked, now);
  } else if (proven && !wish_take(reload, now)) {
    retreat_look(reload, now);
  }
}

/* ---- from the supervisor ---- */

/* More specs were run than when the active generation was judged. */
static void report_renew(struct reload *reload, unsigned from) {
  unsigned active = generation_word_slot(atomic_load(&reload->shared->active));
  generations_renew_report(reload->shared, active, from);
}

void reload_ask(struct reload *reload) {
  reload->asked = true;
}

void reload_child_ended(struct reload *reload, pid_t pid, int status, uint64_t now) {
  if (!reload->shared || pid != reload->gate.pid || pid == 0) return;
  enum gate_verdict verdict = gate_end(&reload->gate, status);
  unsigned slot = reload->gate.slot;
  reload->gate_ms = now - reload->gate_ms;
  if (reload->crew->ending) return;
  if (reload->abandoned) {
    abandon(reload, slot);
    return;
  }
  if (verdict == GATE_CONFIRMED) report_renew(reload, slot);
  if (verdict == GATE_UNCHANGED || verdict == GATE_CONFIRMED) {
    generations_drop(reload->shared, slot);
    run_end(reload, OUTCOME_ACTIVE);
  } else if (verdict == GATE_REPEATED) {
    generations_drop(reload->shared, slot);
    run_end(reload, OUTCOME_REFUSED);
  } else if (verdict == GATE_REFUSED) {
    refuse(reload, slot);
  } else {
    prepare_begin(reload, slot, false, now);
  }
}

void reload_turn(struct reload *reload, uint64_t now) {
  if (!reload->shared) return;
  if (reload->watch) watch_read(reload->watch, now);
  if (reload->crew->ending) return;
  if (reload->state == RELOAD_GATE) gate_look(&reload->gate, now);
  if (reload->state == RELOAD_GATE) outdated_look(reload, now);
  if (reload->state == RELOAD_PREPARE) prepare_look(reload, now);
  if (reload->state == RELOAD_IDLE) idle_look(reload, now);
}

void reload_end(struct reload *reload) {
  if (reload->shared) gate_kill(&reload->gate);
}

int reload_fd(const struct reload *reload) {
  return reload->watch ? watch_fd(reload->watch) : -1;
}

int reload_wait(const struct reload *reload, uint64_t now, int limit) {
  if (!reload->shared || reload->crew->ending) return limit;
  if (reload->state == RELOAD_PREPARE) return limit < ANSWERS_LOOK_MS ? limit : ANSWERS_LOOK_MS;
  bool pending = reload->asked || atomic_load(&reload->shared->requested) > atomic_load(&reload->shared->completed);
  if (reload->state == RELOAD_IDLE && pending) return 0;
  bool reads = reload->watch && (reload->state == RELOAD_IDLE || may_abandon(reload, now));
  return reads ? watch_wait(reload->watch, now, limit) : limit;
}
