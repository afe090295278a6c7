// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct table;
struct health;

/* One anonymous shared mapping, made by the supervisor before the first fork: this struct and its parts behind it at
 * fixed offsets, at the same address in every process. Only pages that are used become real. */
enum { SEGMENT_WORKERS_MAX = 64 };

enum worker_state { WORKER_ABSENT, WORKER_STARTING, WORKER_READY, WORKER_DRAINING };

struct worker_slot {
  _Alignas(64) _Atomic pid_t pid; /* written by the supervisor; 0 while there is no process */
  _Atomic uint64_t tick_ms;       /* monotonic; 0 until the worker's loop turns for the first time */
  _Atomic int state;              /* enum worker_state; ABSENT and STARTING by the supervisor, the rest by the worker */
  _Atomic uint64_t restarts;
  _Atomic uint64_t memory;   /* bytes the worker holds, as of its last tick; written by it, as is: */
  _Atomic uint64_t promised; /* bytes that bodies on their way to it will still need */
};

struct segment {
  _Atomic bool draining;
  _Atomic bool full; /* the workers hold more memory than they may: see process/overload.h */
  unsigned worker_count;
  struct worker_slot workers[SEGMENT_WORKERS_MAX];
  struct keys *keys;              /* the key table's handle, inherited by every process */
  void *metrics;                  /* for metrics_open: worker_count + 1 slots, the last is the supervisor's */
  struct table *values;           /* scripts' counters, buckets, small values */
  struct table *cache;            /* scripts' large values */
  struct health *health;          /* how targets do */
  struct table *addresses;        /* see addresses.h */
  int wakes[SEGMENT_WORKERS_MAX]; /* a descriptor for each worker, readable once it was woken */
};

/* 1 to SEGMENT_WORKERS_MAX workers. Null when the mapping cannot be made. Every process of the program shares it. */
struct segment *segment_open(unsigned worker_count);

/* Whether `pid` still is the worker in that place. */
bool segment_runs(const struct segment *segment, unsigned index, pid_t pid);

/* Bytes that all workers hold and have promised. */
uint64_t segment_memory(const struct segment *segment);

/* Wakes a worker's loop, when that watches its descriptor; whoever was woken takes it back. */
void segment_wake(const struct segment *segment, unsigned index);
void segment_woken(const struct segment *segment, unsigned index);

/* Ends this process's view of it. */
void segment_close(struct segment *segment);
