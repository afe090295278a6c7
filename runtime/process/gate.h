// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "process/launch.h"
#include "shared/generations.h"

/* The gate: a short-lived process that reads the disk into a slot and has it judged, under limits of CPU, memory and
 * time. Whatever it starts is killed with it. */

#if defined(__SANITIZE_ADDRESS__)
enum { GATE_PATIENCE = 3 };
#else
enum { GATE_PATIENCE = 1 };
#endif

enum {
  GATE_STEP_MS = 4500 * GATE_PATIENCE, /* what one script or spec may take; */
  GATE_WALL_MS = 9000 * GATE_PATIENCE, /* ... and all of them */
  GATE_CPU_SECONDS = 8 * GATE_PATIENCE,
  GATE_MEMORY = 480 << 20
};

struct gate_options {
  struct generations *generations;
  const char *bundled; /* folder of the bundled scripts */
  int (*judge)(const struct judge_task *task, struct buffer *report);
  void (*child)(void *user); /* runs first in the new process: closes what is not for it; may be null */
  void *user;
};

enum gate_verdict {
  GATE_ACCEPTED,
  GATE_REFUSED,
  GATE_CONFIRMED, /* what is on disk is what is active, and was judged once more */
  GATE_UNCHANGED, /* what is on disk is what is active, or the very bytes that must not come back */
  GATE_REPEATED   /* the very bytes that were just refused */
};

struct gate {
  const struct gate_options *options;
  pid_t pid; /* 0: none runs */
  unsigned slot;
  uint64_t due_ms, step_due_ms; /* monotonic: when it is killed */
  uint32_t steps;               /* as last seen */
  unsigned late_ms;             /* it was killed for having taken so long; 0 = it was not */
};

/* What is asked of one run. */
struct gate_task {
  bool all_specs;
  bool asked;                       /* somebody asked for it: nothing but the active bytes is left out */
  char blocked[GENERATION_ID_SIZE]; /* id of a generation that was rolled back, or empty */
  char refused[GENERATION_ID_SIZE]; /* digest of what was refused after it was asked for, or empty */
  bool first;                       /* the program's first generation: its secrets are needed */
};

/* -1 when no process can be made. `kept`: a slot that must stay, or -1. */
int gate_start(struct gate *gate, const struct gate_task *task, int kept, uint64_t now_ms);

/* Kills it when its time is over. */
void gate_look(struct gate *gate, uint64_t now_ms);
void gate_kill(struct gate *gate);

/* The process has ended with this status. The slot then holds the candidate and its report, also when the process did
 * not get so far. */
enum gate_verdict gate_end(struct gate *gate, int status);

/* Starts it and waits for its end. */
enum gate_verdict gate_run(struct gate *gate, const struct gate_task *task);

/* Replaces the master key by its digest: only the first generation's is used, of the others one must only see whether
 * it is another. */
void gate_hide_key(struct settings *settings);
