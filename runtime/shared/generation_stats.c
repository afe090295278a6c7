// SPDX-License-Identifier: Apache-2.0
#include "shared/generation_stats.h"

#include <stdio.h>
#include <string.h>

#include "shared/generation_area.h"

struct script_stats {
  char kind[STATS_KIND_SIZE], name[STATS_NAME_SIZE];
  _Atomic uint64_t count, faults;
  _Atomic uint32_t buckets[STATS_BUCKETS];
};
_Static_assert(sizeof(struct script_stats) * STATS_SCRIPTS_MAX <= GENERATION_STATS_WORKER, "statistics fit");

static struct script_stats *stats_of(const struct generations *generations, unsigned slot, unsigned worker) {
  return (struct script_stats *)(void *)generations_stats_memory(generations, slot, worker);
}

static bool is_of(const struct script_stats *stats, const char *kind, const char *name) {
  return strcmp(stats->name, name) == 0 && strcmp(stats->kind, kind) == 0;
}

struct script_stats *generation_stats(struct generations *generations, unsigned slot, unsigned worker, const char *kind,
                                      const char *name) {
  struct script_stats *all = stats_of(generations, slot, worker);
  _Atomic uint32_t *used = &generations->slots[slot].scripts[worker];
  uint32_t count = atomic_load(used);
  for (uint32_t i = 0; i < count; i++) {
    if (is_of(&all[i], kind, name)) return &all[i];
  }
  if (count == STATS_SCRIPTS_MAX || strlen(kind) >= STATS_KIND_SIZE || strlen(name) >= STATS_NAME_SIZE) return NULL;
  snprintf(all[count].kind, STATS_KIND_SIZE, "%s", kind);
  snprintf(all[count].name, STATS_NAME_SIZE, "%s", name);
  atomic_store(used, count + 1);
  return &all[count];
}

/* ---- counting: one writer, so plain additions do ---- */

/* Four buckets to each power of two. */
static unsigned bucket_of(uint64_t nanoseconds) {
  uint64_t quarters = nanoseconds / 250; /* 4 = 1 us */
  if (quarters < 4) return 0;
  unsigned power = 63 - (unsigned)__builtin_clzll(quarters);
  unsigned bucket = (power - 2) * 4 + (unsigned)(quarters >> (power - 2)) % 4;
  return bucket < STATS_BUCKETS ? bucket : STATS_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t bucket_us(unsigned bucket) {
  uint64_t ninths = (9 + 2 * (uint64_t)(bucket % 4)) << (bucket / 4);
  return (ninths + 4) / 8;
}

static void grow(_Atomic uint64_t *value) {
  atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + 1, memory_order_relaxed);
}

void script_stats_add(struct script_stats *stats, uint64_t nanoseconds, bool fault) {
  _Atomic uint32_t *bucket = &stats->buckets[bucket_of(nanoseconds)];
  atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + 1, memory_order_relaxed);
  if (fault) grow(&stats->faults);
  grow(&stats->count);
}

void script_stats_fault(struct script_stats *stats) {
  grow(&stats->faults);
}

/* ---- sums ---- */

struct total {
  struct script_sum *sum;
  uint64_t buckets[STATS_BUCKETS];
};

static void total_add(struct total *total, const struct script_stats *stats) {
  total->sum->count += atomic_load_explicit(&stats->count, memory_order_relaxed);
  total->sum->faults += atomic_load_explicit(&stats->faults, memory_order_relaxed);
  for (unsigned i = 0; i < STATS_BUCKETS; i++) {
    total->buckets[i] += atomic_load_explicit(&stats->buckets[i], memory_order_relaxed);
  }
}

static void total_end(struct total *total) {
  uint64_t count = 0, seen = 0;
  for (unsigned i = 0; i < STATS_BUCKETS; i++) count += total->buckets[i];
  if (count == 0) return;
  uint64_t rank = count - count / 100;
  unsigned bucket = 0;
  while (bucket < STATS_BUCKETS - 1 && (seen += total->buckets[bucket]) < rank) bucket++;
  total->sum->p99_us = bucket_us(bucket);
}

/* Adds a script's counters of every worker from `worker` on. */
static void sum_up(const struct generations *generations, unsigned slot, unsigned worker, unsigned workers,
                   struct script_sum *sum) {
  struct total total = {.sum = sum};
  for (; worker < workers; worker++) {
    const struct script_stats *all = stats_of(generations, slot, worker);
    uint32_t count = atomic_load(&generations->slots[slot].scripts[worker]);
    for (uint32_t i = 0; i < count; i++) {
      if (is_of(&all[i], sum->kind, sum->name)) total_add(&total, &all[i]);
    }
  }
  total_end(&total);
}

static bool is_known(const struct script_sum *sums, unsigned count, const struct script_stats *stats) {
  for (unsigned i = 0; i < count; i++) {
    if (is_of(stats, sums[i].kind, sums[i].name)) return true;
  }
  return false;
}

unsigned generation_sums(const struct generations *generations, unsigned slot, unsigned workers,
                         struct script_sum *out) {
  unsigned known = 0;
  for (unsigned worker = 0; worker < workers; worker++) {
    const struct script_stats *all = stats_of(generations, slot, worker);
    uint32_t count = atomic_load(&generations->slots[slot].scripts[worker]);
    for (uint32_t i = 0; i < count && known < STATS_SCRIPTS_MAX; i++) {
      if (is_known(out, known, &all[i])) continue;
      struct script_sum *sum = &out[known++];
      *sum = (struct script_sum){0};
      memcpy(sum->kind, all[i].kind, sizeof sum->kind);
      memcpy(sum->name, all[i].name, sizeof sum->name);
      sum_up(generations, slot, worker, workers, sum);
    }
  }
  return known;
}
