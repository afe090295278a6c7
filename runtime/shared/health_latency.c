// SPDX-License-Identifier: Apache-2.0
#include "shared/health_latency.h"

#include <string.h>

/* ---- averages ---- */

enum { TICK_SHIFT = 4, MEMORY_MS = 10000 };

static const double NEW_SHARE = 0.2;

static uint64_t word_make(double ms, uint64_t now_ms) {
  float value = (float)ms;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint64_t)bits << 32 | (uint32_t)(now_ms >> TICK_SHIFT);
}

static double word_ms(uint64_t word) {
  uint32_t bits = (uint32_t)(word >> 32);
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

static double word_age(uint64_t word, uint64_t now_ms) {
  int32_t ticks = (int32_t)((uint32_t)(now_ms >> TICK_SHIFT) - (uint32_t)word); /* another process may be ahead */
  return ticks > 0 ? (double)ticks * (1 << TICK_SHIFT) : 0;
}

/* After MEMORY_MS of silence what was known counts half. */
static double blend(uint64_t word, double ms, uint64_t now_ms) {
  double age = word_age(word, now_ms), share = age / (age + MEMORY_MS);
  if (share < NEW_SHARE) share = NEW_SHARE;
  return word_ms(word) + share * (ms - word_ms(word));
}

void health_average_add(struct health_average *average, double ms, uint64_t now_ms) {
  uint32_t before = atomic_fetch_add(&average->samples, 1);
  uint64_t word = atomic_load(&average->word), next;
  do {
    next = word_make(before == 0 || word == 0 ? ms : blend(word, ms, now_ms), now_ms);
  } while (!atomic_compare_exchange_weak(&average->word, &word, next));
}

struct health_average_view health_average_read(const struct health_average *average, uint64_t now_ms) {
  uint64_t word = atomic_load_explicit(&average->word, memory_order_relaxed);
  if (word == 0) return (struct health_average_view){-1, -1, 0};
  uint32_t samples = atomic_load_explicit(&average->samples, memory_order_relaxed);
  return (struct health_average_view){word_ms(word), word_age(word, now_ms), samples};
}

/* ---- histograms ---- */

/* Of quarters of a millisecond: below 1 ms is the first. */
static unsigned bucket_of(double ms) {
  uint64_t quarters = ms > 0 ? (uint64_t)(ms < 1e9 ? ms * 4 : 4e9) : 0;
  if (quarters < 4) return 0;
  unsigned power = 63 - (unsigned)__builtin_clzll(quarters);
  unsigned bucket = 1 + (power - 2) * 4 + (unsigned)(quarters >> (power - 2)) % 4;
  return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The middle of a bucket. */
static double bucket_ms(unsigned bucket) {
  if (bucket == 0) return 0.5;
  unsigned power = (bucket - 1) / 4, quarter = (bucket - 1) % 4;
  return (double)((uint64_t)1 << power) * (4.5 + quarter) / 4;
}

/* One of them halves; what others add meanwhile is not lost. */
static void histogram_halve(struct health_histogram *histogram) {
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
    atomic_fetch_sub(&histogram->buckets[i], atomic_load(&histogram->buckets[i]) / 2);
  }
}

void health_histogram_add(struct health_histogram *histogram, double ms) {
  atomic_fetch_add_explicit(&histogram->buckets[bucket_of(ms)], 1, memory_order_relaxed);
  uint32_t samples = atomic_fetch_add_explicit(&histogram->samples, 1, memory_order_relaxed) + 1;
  if (samples % HISTOGRAM_HALVED == 0) histogram_halve(histogram);
}

double health_histogram_quantile(const struct health_histogram *histogram, double share) {
  uint64_t count = 0, seen = 0;
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) count += atomic_load(&histogram->buckets[i]);
  if (count == 0) return -1;
  uint64_t rank = (uint64_t)(share * (double)count);
  unsigned bucket = 0;
  while (bucket < HISTOGRAM_BUCKETS - 1 && (seen += atomic_load(&histogram->buckets[bucket])) <= rank) bucket++;
  return bucket_ms(bucket);
}
