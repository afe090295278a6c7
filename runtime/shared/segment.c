// SPDX-License-Identifier: Apache-2.0
#include "shared/segment.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "shared/addresses.h"
#include "shared/health.h"
#include "shared/keys.h"
#include "shared/table.h"
#include "telemetry/metrics.h"

struct segment_layout {
  size_t keys, metrics, values, cache, health, addresses, size;
};

static size_t align_up(size_t size) {
  return (size + 4095) & ~(size_t)4095;
}

/* Own pages for each part: what one part's writers touch never shares a line with another's. */
static struct segment_layout layout_of(unsigned worker_count) {
  struct segment_layout layout;
  layout.keys = align_up(sizeof(struct segment));
  layout.metrics = layout.keys + align_up(keys_table_size());
  layout.values = layout.metrics + align_up(metrics_area_size(worker_count + 1));
  layout.cache = layout.values + align_up(table_size(&table_values_shape));
  layout.health = layout.cache + align_up(table_size(&table_cache_shape));
  layout.addresses = layout.health + align_up(health_size(worker_count));
  layout.size = layout.addresses + align_up(table_size(&addresses_shape));
  return layout;
}

static void parts_open(struct segment *segment, const struct segment_layout *layout) {
  char *memory = (char *)segment;
  segment->metrics = memory + layout->metrics;
  segment->values = table_open(memory + layout->values, &table_values_shape);
  segment->cache = table_open(memory + layout->cache, &table_cache_shape);
  segment->health = health_open(memory + layout->health, segment->worker_count);
  segment->addresses = table_open(memory + layout->addresses, &addresses_shape);
  segment->keys = keys_open(memory + layout->keys);
}

/* -1 in the place of one that cannot be had. */
static bool wakes_open(struct segment *segment) {
  bool all = true;
  for (unsigned i = 0; i < segment->worker_count; i++) {
    segment->wakes[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    all = all && segment->wakes[i] >= 0;
  }
  return all;
}

static void wakes_close(const struct segment *segment) {
  for (unsigned i = 0; i < segment->worker_count; i++) {
    if (segment->wakes[i] >= 0) close(segment->wakes[i]);
  }
}

struct segment *segment_open(unsigned worker_count) {
  REQUIRE(worker_count >= 1 && worker_count <= SEGMENT_WORKERS_MAX);
  struct segment_layout layout = layout_of(worker_count);
  char *memory = mmap(NULL, layout.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  struct segment *segment = (struct segment *)(void *)memory;
  segment->worker_count = worker_count;
  parts_open(segment, &layout);
  if (wakes_open(segment) && segment->keys) return segment;
  segment_close(segment);
  return NULL;
}

bool segment_runs(const struct segment *segment, unsigned index, pid_t pid) {
  return index < segment->worker_count && atomic_load(&segment->workers[index].pid) == pid;
}

uint64_t segment_memory(const struct segment *segment) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < segment->worker_count; i++) {
    const struct worker_slot *slot = &segment->workers[i];
    if (atomic_load_explicit(&slot->pid, memory_order_relaxed) == 0) continue;
    sum += atomic_load_explicit(&slot->memory, memory_order_relaxed);
    sum += atomic_load_explicit(&slot->promised, memory_order_relaxed);
  }
  return sum;
}

void segment_wake(const struct segment *segment, unsigned index) {
  eventfd_write(segment->wakes[index], 1);
}

void segment_woken(const struct segment *segment, unsigned index) {
  eventfd_t count;
  eventfd_read(segment->wakes[index], &count);
}

void segment_close(struct segment *segment) {
  if (!segment) return;
  wakes_close(segment);
  keys_close(segment->keys);
  munmap(segment, layout_of(segment->worker_count).size);
}
