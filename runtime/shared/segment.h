// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One anonymous shared mapping, made by the supervisor before the first fork. */
enum { SEGMENT_WORKERS_MAX = 64 };

enum worker_state { WORKER_ABSENT, WORKER_STARTING, WORKER_READY, WORKER_DRAINING };

struct worker_slot {
  _Atomic pid_t pid;
  _Atomic uint64_t tick_ms; /* monotonic; 0 until the worker's loop turns for the first time */
  _Atomic int state;        /* enum worker_state */
  _Atomic uint64_t restarts;
};

struct segment {
  _Atomic uint64_t generation; /* number of the active generation */
  _Atomic bool draining;
  unsigned worker_count;
  struct worker_slot workers[SEGMENT_WORKERS_MAX];
  struct keys *keys; /* the key table, in the mapping */
  void *metrics;     /* worker_count + 1 slots: the last is the supervisor's */
};

/* Null when the mapping cannot be made. Lives as long as the process group. */
struct segment *segment_open(unsigned worker_count);
void segment_close(struct segment *segment);
