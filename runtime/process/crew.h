// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <signal.h>

#include "process/listen.h"
#include "process/notice.h"
#include "process/supervisor.h"
#include "telemetry/metrics.h"

/* The worker processes, as the supervisor sees them. */
struct crew_member {
  pid_t pid;           /* 0: no process */
  uint64_t started_ms; /* monotonic */
  uint64_t due_ms;     /* when to start the next process; 0: not planned */
  unsigned early;      /* deaths in a row within CREW_EARLY_MS of the start */
  bool proven;         /* was ready once */
  uint64_t tick_ms;    /* the tick seen last, and for how long it has not moved */
  uint64_t still_ms;
};

enum {
  CREW_EARLY_MS = 2000,     /* a worker that dies sooner may be in a crash loop */
  CREW_DELAY_MS = 100,      /* after the second such death in a row; doubles with each ... */
  CREW_DELAY_MAX_MS = 5000, /* ... up to here */
  CREW_STILL_MS = 2000,     /* a loop that turned once and then not for so long is stuck */
  CREW_LOOK_MAX_MS = 500    /* what one look may add: a supervisor that slept itself accuses nobody */
};

struct crew {
  const struct supervisor_options *options; /* borrowed, like all that follows */
  struct listeners *listeners;
  struct notice *notice;
  struct metric *restarts;
  const sigset_t *child_mask; /* the signal mask of a worker */
  int signals;                /* the supervisor's own descriptors, closed in a worker */
  int watch;                  /* the same; -1 = none */
  void (*stranger)(void *user, pid_t pid, int status, uint64_t now); /* a child that is no worker has ended */
  void *user;
  unsigned ended; /* how many workers have, so far */
  bool ending;    /* the dead are not replaced any more */
  bool failed;    /* somebody ended badly while ending */
  int verdict;    /* exit code that ends the program; 0: none */
  unsigned count;
  struct crew_member members[SEGMENT_WORKERS_MAX];
};

/* Starts every process that is due. */
void crew_start(struct crew *crew, uint64_t now);

/* Takes note of every process that ended, and plans its replacement. */
void crew_reap(struct crew *crew, uint64_t now);

/* Kills workers whose loop stands still; `elapsed` milliseconds after the last look. */
void crew_look(struct crew *crew, uint64_t elapsed);

void crew_signal(const struct crew *crew, int number);

unsigned crew_alive(const struct crew *crew);
/* Every living member's slot has at least this state. */
bool crew_reached(const struct crew *crew, enum worker_state state);
/* Milliseconds until the next start is due, at most `limit`. */
int crew_wait(const struct crew *crew, uint64_t now, int limit);
