// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "base/list.h"
#include "config/settings.h"
#include "events/events.h"
#include "loop/loop.h"
#include "script/guard.h"
#include "script/vm.h"
#include "shared/generation_stats.h"
#include "shared/generations.h"

/* A generation in one worker: its VM and its settings.
 *
 *   active     what new requests use
 *   candidate  being prepared beside it, a slice per turn of the loop; then it waits for the supervisor's word
 *   retired    until its last request and its last task have ended
 *
 * The supervisor publishes a candidate's word, wakes the workers (SIGUSR1), counts their answers and then changes the
 * active word: each worker sees that before its next request. */
struct worker;
struct task;
struct error;

enum generation_step { STEP_COPY, STEP_COMPILE, STEP_REQUIRE, STEP_OPEN, STEP_READY };

struct generation {
  struct list node; /* in worker->retired */
  struct worker *worker;
  struct vm *vm; /* owned */
  uint64_t word, number;
  unsigned slot;
  struct settings settings;
  unsigned calls; /* that began with it and go on */
  bool retired;
  struct loop_job end;           /* closes it, once nothing leans on it */
  struct generation_note *notes; /* owned */
  struct list schedules;         /* owned: struct schedule */
  struct event_plans listeners;  /* who wants to know what happens; owned */
  /* Begins the delivery of events to one of them, as events_options.turn. Null: there are none. */
  bool (*deliver)(struct generation *generation, unsigned listener, const char *key);
  int deliver_place; /* its caller's */
  /* while it is prepared */
  enum generation_step step;
  struct buffer bytes; /* of its bundle */
  size_t compiled;
  struct task *task;
  char failure[GENERATION_NOTE_SIZE]; /* why it cannot be opened */
  uint64_t pause;                     /* number of the task's pause; 0 = none */
  uint64_t begun_ns;
  uint64_t slice_ns, slice_cpu_ns; /* when the present slice began */
};

/* What a worker knows of generations. */
struct generation_desk {
  struct worker *worker;
  struct generations *shared;   /* null in a replay and the like */
  struct generation *candidate; /* owned */
  struct list retired;          /* owned */
  uv_idle_t turn;               /* active while a candidate is prepared */
  uv_signal_t news;
  enum generation_step longest_step; /* of the longest slice of the last preparation, in CPU time: */
  uint64_t longest_ns, cpu_ns;       /* ... of all of them */
};

/* Runs init.prepare in a fresh VM, at once. */
int generation_load_vm(struct vm *vm, struct error *error);
/* Loads the active generation, at once. */
int generation_load(struct worker *worker, struct error *error);
void generation_desk_open(struct generation_desk *desk, struct worker *worker);
/* Before the loop closes: no candidate any more. */
void generation_desk_close(struct generation_desk *desk);
/* After it has closed: frees every generation. */
void generation_desk_free(struct generation_desk *desk);

/* Looks at what the supervisor has published; also from time to time, should a signal be lost. */
void generation_look(struct generation_desk *desk);

/* Takes over what has become active since this worker last heard of it: whoever was told of a reload meets no worker
 * that goes by the settings before. */
void generation_follow(struct worker *worker);
/* The active generation, for a request that begins now: it holds it until generation_leave. Null without any. */
struct generation *generation_enter(struct worker *worker);
void generation_leave(struct generation *generation);

/* For the hallway's code that loads: true when the slice is over and the coroutine shall yield without results. */
bool generation_pause(struct generation *generation, struct lua_State *L);

/* Counts for a script: its hooks' guard tells it. Null when there is no room for one more. */
struct guard_watch *generation_watch(struct generation *generation, const char *kind, const char *name);
/* A fault that no guard has seen. */
void generation_fault(struct generation *generation, const char *kind, const char *name);
