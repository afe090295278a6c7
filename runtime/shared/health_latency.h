// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdint.h>

/* How long something takes, as several processes find out together. All zero-initialised. */

/* A decayed average: what is new counts a fifth, and the more the longer nothing was heard. */
struct health_average {
  _Atomic uint64_t word;    /* a float of milliseconds, and 32 bits of when (16 ms) */
  _Atomic uint32_t samples; /* all there ever were */
};

void health_average_add(struct health_average *average, double ms, uint64_t now_ms);

struct health_average_view {
  double ms;     /* -1: nothing is known */
  double age_ms; /* since the newest sample; -1 */
  uint32_t samples;
};
struct health_average_view health_average_read(const struct health_average *average, uint64_t now_ms);

/* A histogram of four buckets to the power of two, from 1 ms to 9 hours; its counts are halved every 1024 samples, so
 * that it forgets. */
enum { HISTOGRAM_BUCKETS = 96, HISTOGRAM_HALVED = 1024 };

struct health_histogram {
  _Atomic uint32_t samples;
  _Atomic uint32_t buckets[HISTOGRAM_BUCKETS];
};

void health_histogram_add(struct health_histogram *histogram, double ms);

/* Milliseconds that this share (0 to 1) of the samples stays below, good to a tenth; -1 without any. */
double health_histogram_quantile(const struct health_histogram *histogram, double share);
