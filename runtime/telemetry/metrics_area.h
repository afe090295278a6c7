// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/map.h"
#include "telemetry/metrics_labels.h"

/* The shared memory behind metrics.h. Inside this room only. */
enum { SLOT_WORDS = 64 * 1024, SLOT_RESERVE = METRIC_FAMILIES * (METRIC_BUCKETS + 3) };

/* A series as it lies in its writer's slot: which one it is, then its cells. */
struct metric {
  uint64_t key;
  _Atomic uint64_t cells[];
};

/* One writer's series, one after the other. Readers take those below `used`. */
struct metrics_slot {
  _Alignas(64) _Atomic int32_t pid;
  _Atomic uint32_t used;
  _Atomic uint64_t overflow;
  _Alignas(64) uint64_t words[SLOT_WORDS];
};

struct metrics_area {
  _Atomic int64_t started_ms; /* wall clock, when the program opened it first */
  struct metrics_labels labels;
  struct metrics_slot slots[];
};

struct metrics {
  struct metrics_area *area; /* borrowed */
  unsigned count;
  struct metrics_slot *own;
  struct map series; /* key -> struct metric in `own` */
};

/* A series' identity in one word: its family above the numbers of its label values. Sorts by family. */
static inline enum metrics_family metric_family(uint64_t key) {
  return (enum metrics_family)(key >> 48);
}

static inline uint16_t metric_label(uint64_t key, unsigned position) {
  return (uint16_t)(key >> (16 * (METRIC_LABELS_MAX - 1 - position)));
}

static inline struct metric *metric_at(struct metrics_slot *slot, uint32_t word) {
  return (struct metric *)(void *)&slot->words[word];
}

static inline uint32_t metric_words(const struct metric *metric) {
  return 1 + metrics_cells(metric_family(metric->key));
}

static inline uint64_t metric_read(const struct metric *metric, unsigned cell) {
  return atomic_load_explicit(&metric->cells[cell], memory_order_relaxed);
}

/* The processes behind the area, for process_* and gateway_worker_up. */
void metrics_process_render(struct metrics *metrics, struct buffer *out);
