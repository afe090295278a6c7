// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "shared/generation_stats.h"

/* When a new generation has to go: one of its scripts fails, or takes, more than the configuration allows, soon after
 * the swap. */

enum { RETREAT_LOOK_MS = 250, RETREAT_FAULTS_MIN = 3, RETREAT_CALLS_MIN = 100 };

struct retreat {
  uint64_t until_ms; /* the window's end; 0 = nothing is watched */
  uint64_t look_ms;  /* when to look next */
  struct script_sum sums[STATS_SCRIPTS_MAX];
};

struct retreat_reason {
  const struct script_sum *script;
  const char *metric; /* "fault_rate" or "p99_us" */
  double value, threshold;
};

void retreat_watch(struct retreat *retreat, uint64_t now, unsigned window_ms);
void retreat_rest(struct retreat *retreat);

/* True when it is time, and a script of the slot has passed a threshold of `settings`. */
bool retreat_needed(struct retreat *retreat, const struct generations *shared, unsigned slot, unsigned workers,
                    uint64_t now, struct retreat_reason *reason);
