// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/crew.h"
#include "process/gate.h"
#include "process/retreat.h"
#include "process/watch.h"

/* From a change on disk to a new generation in every worker: watch -> gate -> all workers prepare it -> the active word
 * changes. One run at a time; what is asked for meanwhile is one more run after it. Going back to a kept generation is
 * the same without the gate. */

enum reload_state { RELOAD_IDLE, RELOAD_GATE, RELOAD_PREPARE };

struct reload {
  struct generations *shared; /* null: nothing is ever reloaded */
  struct crew *crew;
  struct notice *notice;
  struct metrics *metrics;
  struct segment *segment;
  struct gate gate;
  struct watch *watch; /* null: the kernel has none to give */
  enum reload_state state;
  bool asked;                   /* by SIGHUP */
  uint64_t ticket;              /* requests up to this one are answered by the present run */
  uint64_t candidate;           /* word the workers prepare */
  uint64_t due_ms;              /* when they must have */
  unsigned deaths;              /* crew->ended when they began */
  uint64_t gate_ms, prepare_ms; /* when the present run's parts began, then how long they took */
  bool back;                    /* to a kept generation: */
  int asker;                    /* ... wished by this worker, or -1: it was the statistics */
  char why[GENERATION_NOTE_SIZE];
  char blocked[GENERATION_ID_SIZE]; /* given up: its bytes do not come back by themselves */
  struct retreat retreat;
  struct settings *started; /* owned: what the program started with */
};

void reload_open(struct reload *reload, const struct gate_options *gate);
void reload_close(struct reload *reload);

/* SIGHUP. */
void reload_ask(struct reload *reload);
/* A child that is no worker. */
void reload_child_ended(struct reload *reload, pid_t pid, int status, uint64_t now);
void reload_turn(struct reload *reload, uint64_t now);
/* The program ends: no gate any more. */
void reload_end(struct reload *reload);

int reload_fd(const struct reload *reload);
int reload_wait(const struct reload *reload, uint64_t now, int limit);
