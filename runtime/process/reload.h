// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/crew.h"
#include "process/gate.h"
#include "process/retreat.h"
#include "process/watch.h"

/* From a change on disk to a new generation in every worker: watch -> gate -> all workers prepare it -> the active word
 * changes. One run at a time; what is asked for meanwhile is one more run after it, which only reads when it finds the
 * very bytes the run before was about. A gate whose files have changed since is given up for one that reads them,
 * within limits. Going back to a kept generation is the same without the gate. */

enum reload_state { RELOAD_IDLE, RELOAD_GATE, RELOAD_PREPARE };

struct reload {
  struct generations *shared; /* null: nothing is ever reloaded */
  struct crew *crew;
  struct notice *notice;
  struct metrics *metrics;
  struct gate gate;
  struct watch *watch; /* null: the kernel has none to give */
  enum reload_state state;
  bool asked;                   /* by SIGHUP */
  bool hung_up;                 /* the present gate was asked for by SIGHUP */
  bool abandoned;               /* ... is being killed: its files are not what is on disk any more */
  unsigned abandonments;        /* in a row */
  uint64_t read_changes;        /* watch_changes when it began to read */
  uint64_t waiting_ms;          /* since when it has somebody to answer; 0 = nobody waits */
  uint64_t ticket;              /* requests up to this one are answered by the present run */
  uint64_t candidate;           /* word the workers prepare */
  uint64_t due_ms;              /* when they must have */
  unsigned deaths;              /* crew->ended when they began */
  uint64_t gate_ms, prepare_ms; /* when the present run's parts began, then how long they took */
  bool back;                    /* to a kept generation: */
  int asker;                    /* ... wished by this worker, or -1: it was the statistics */
  char why[GENERATION_NOTE_SIZE];
  char blocked[GENERATION_ID_SIZE]; /* given up: its bytes do not come back by themselves */
  char refused[GENERATION_ID_SIZE]; /* digest of what was refused last */
  uint64_t refused_until;           /* ... by then these requests had come */
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
