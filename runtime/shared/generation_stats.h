// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "shared/generations.h"

/* How each script of a generation does: calls, faults, and how long its hooks ran, waits left out. Each worker writes
 * its own, without locks; everybody reads the sums. */

enum {
  STATS_SCRIPTS_MAX = 128, /* of one generation; what is more is not counted */
  STATS_KIND_SIZE = 24,
  STATS_NAME_SIZE = 72,
  STATS_BUCKETS = 96 /* four to the power of two from 1 us on: the 99th percentile is good to 13 % */
};

struct script_stats;

/* This worker's counters of a script, found or made. Null when there is no room. */
struct script_stats *generation_stats(struct generations *generations, unsigned slot, unsigned worker, const char *kind,
                                      const char *name);

/* A hook has run. */
void script_stats_add(struct script_stats *stats, uint64_t nanoseconds, bool fault);
/* What it returned was wrong, or it failed where no guard was. */
void script_stats_fault(struct script_stats *stats);

struct script_sum {
  char kind[STATS_KIND_SIZE], name[STATS_NAME_SIZE];
  uint64_t count, faults, p99_us;
};

/* Fills `out`, which has room for STATS_SCRIPTS_MAX, with the sums of the first `workers` workers. Returns how many. */
unsigned generation_sums(const struct generations *generations, unsigned slot, unsigned workers,
                         struct script_sum *out);
