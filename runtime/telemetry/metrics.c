// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "telemetry/metrics_area.h"

size_t metrics_area_size(unsigned count) {
  return sizeof(struct metrics_area) + count * sizeof(struct metrics_slot);
}

static int64_t wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t metrics_moment(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Single writer: a load and a store, no locked instruction. */
static void cell_add(_Atomic uint64_t *cell, uint64_t by) {
  atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + by, memory_order_relaxed);
}

static struct slice key_slice(const uint64_t *key) {
  return slice_make((const char *)key, sizeof *key);
}

/* What a predecessor on this slot left: its counts go on, its connections are gone with it. */
static void slot_adopt(struct metrics *metrics) {
  uint32_t used = atomic_load_explicit(&metrics->own->used, memory_order_acquire);
  for (uint32_t at = 0; at < used;) {
    struct metric *metric = metric_at(metrics->own, at);
    map_set(&metrics->series, key_slice(&metric->key), metric);
    enum metric_kind kind = metrics_describe(metric_family(metric->key))->kind;
    if (kind == METRIC_GAUGE || kind == METRIC_GAUGE_MOST) metric_set(metric, 0);
    at += metric_words(metric);
  }
}

struct metrics *metrics_open(void *area, unsigned count, unsigned own) {
  REQUIRE(own < count);
  struct metrics *metrics = calloc(1, sizeof *metrics);
  if (!metrics) return NULL;
  metrics->area = area;
  metrics->count = count;
  metrics->own = &metrics->area->slots[own];
  int64_t never = 0;
  atomic_compare_exchange_strong(&metrics->area->started_ms, &never, wall_ms());
  slot_adopt(metrics);
  atomic_store_explicit(&metrics->own->pid, getpid(), memory_order_release);
  for (unsigned i = 0; i < METRIC_FAMILIES; i++) { /* what has no labels is known, and 0, from the start */
    if (metrics_label_count((enum metrics_family)i) == 0) metrics_series(metrics, (enum metrics_family)i, NULL, 0);
  }
  return metrics;
}

void metrics_close(struct metrics *metrics) {
  if (!metrics) return;
  map_free(&metrics->series);
  free(metrics);
}

static uint64_t key_of(struct metrics *metrics, enum metrics_family family, const struct slice *labels) {
  const struct metrics_description *description = metrics_describe(family);
  uint64_t key = (uint64_t)family;
  for (unsigned i = 0; i < METRIC_LABELS_MAX; i++) {
    key <<= 16;
    if (i < description->label_count) {
      key |= metrics_label_intern(&metrics->area->labels, description->labels[i], labels[i]);
    }
  }
  return key;
}

/* Lays a new series behind the others and shows it to readers last. Null when that would pass `limit` words. */
static struct metric *series_add(struct metrics *metrics, uint64_t key, uint32_t limit) {
  uint32_t used = atomic_load_explicit(&metrics->own->used, memory_order_relaxed);
  struct metric *metric = metric_at(metrics->own, used);
  uint32_t words = 1 + metrics_cells(metric_family(key));
  if (words > limit - used) return NULL;
  metric->key = key;
  for (uint32_t i = 0; i + 1 < words; i++) atomic_store_explicit(&metric->cells[i], 0, memory_order_relaxed);
  atomic_store_explicit(&metrics->own->used, used + words, memory_order_release);
  map_set(&metrics->series, key_slice(&key), metric);
  return metric;
}

/* The last SLOT_RESERVE words are kept for each family's series of last resort, so that no count is ever lost. */
static struct metric *series_other(struct metrics *metrics, enum metrics_family family) {
  cell_add(&metrics->own->overflow, 1);
  uint64_t key = (uint64_t)family << 48;
  struct metric *metric = map_get(&metrics->series, key_slice(&key));
  if (!metric) metric = series_add(metrics, key, SLOT_WORDS);
  REQUIRE(metric != NULL);
  return metric;
}

struct metric *metrics_series(struct metrics *metrics, enum metrics_family family, const struct slice *labels,
                              unsigned label_count) {
  REQUIRE(label_count == metrics_label_count(family));
  uint64_t key = key_of(metrics, family, labels);
  struct metric *metric = map_get(&metrics->series, key_slice(&key));
  uint32_t used = atomic_load_explicit(&metrics->own->used, memory_order_relaxed);
  if (!metric && used < SLOT_WORDS - SLOT_RESERVE) metric = series_add(metrics, key, SLOT_WORDS - SLOT_RESERVE);
  return metric ? metric : series_other(metrics, family);
}

void metric_add(struct metric *metric, uint64_t by) {
  cell_add(&metric->cells[0], by);
}

void metric_set(struct metric *metric, int64_t value) {
  atomic_store_explicit(&metric->cells[0], (uint64_t)value, memory_order_relaxed);
  enum metric_kind kind = metrics_describe(metric_family(metric->key))->kind;
  if (kind == METRIC_GAUGE_LATEST || kind == METRIC_GAUGE_FRESH) {
    atomic_store_explicit(&metric->cells[1], metrics_moment(), memory_order_relaxed);
  }
}

void metric_observe(struct metric *metric, uint64_t microseconds) {
  const struct metrics_bucket *buckets = metrics_buckets();
  unsigned bucket = 0;
  while (bucket < METRIC_BUCKETS && microseconds > buckets[bucket].microseconds) bucket++;
  cell_add(&metric->cells[bucket], 1);
  cell_add(&metric->cells[METRIC_BUCKETS + 1], microseconds);
}
