// SPDX-License-Identifier: Apache-2.0
#include "process/retreat.h"

void retreat_watch(struct retreat *retreat, uint64_t now, unsigned window_ms) {
  retreat->until_ms = window_ms > 0 ? now + window_ms : 0;
  retreat->look_ms = now + RETREAT_LOOK_MS;
}

void retreat_rest(struct retreat *retreat) {
  retreat->until_ms = 0;
}

static bool fails(const struct script_sum *sum, const struct settings *settings, struct retreat_reason *reason) {
  uint64_t calls = sum->count > sum->faults ? sum->count : sum->faults;
  if (settings->script_rollback_fault_ppm == 0 || sum->faults < RETREAT_FAULTS_MIN) return false;
  *reason = (struct retreat_reason){.script = sum,
                                    .metric = "fault_rate",
                                    .value = (double)sum->faults / (double)calls,
                                    .threshold = settings->script_rollback_fault_ppm / 1e6};
  return reason->value > reason->threshold;
}

static bool takes_long(const struct script_sum *sum, const struct settings *settings, struct retreat_reason *reason) {
  if (settings->script_rollback_p99_us == 0 || sum->count < RETREAT_CALLS_MIN) return false;
  *reason = (struct retreat_reason){
      .script = sum, .metric = "p99_us", .value = (double)sum->p99_us, .threshold = settings->script_rollback_p99_us};
  return reason->value > reason->threshold;
}

bool retreat_needed(struct retreat *retreat, const struct generations *shared, unsigned slot, unsigned workers,
                    uint64_t now, struct retreat_reason *reason) {
  const struct settings *settings = &shared->slots[slot].settings;
  if (retreat->until_ms == 0 || now < retreat->look_ms) return false;
  retreat->look_ms = now + RETREAT_LOOK_MS;
  if (now >= retreat->until_ms) retreat->until_ms = 0;
  unsigned count = generation_sums(shared, slot, workers, retreat->sums);
  for (unsigned i = 0; i < count; i++) {
    if (fails(&retreat->sums[i], settings, reason) || takes_long(&retreat->sums[i], settings, reason)) return true;
  }
  return false;
}
