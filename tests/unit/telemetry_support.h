// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "telemetry/metrics.h"

/* What the tests of the metrics share. Included after cmocka. */

static inline void *area_open(unsigned count) {
  void *area = mmap(NULL, metrics_area_size(count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(area != MAP_FAILED);
  return area;
}

static inline void area_close(void *area, unsigned count) {
  munmap(area, metrics_area_size(count));
}

/* The rendered text as a string. */
static inline char *rendered(struct metrics *metrics) {
  struct buffer out = {0};
  metrics_render(metrics, 0, &out);
  buffer_append(&out, "", 1);
  return out.data;
}

static inline void assert_has(struct metrics *metrics, const char *expected) {
  char *text = rendered(metrics);
  if (!strstr(text, expected)) fail_msg("no %s in:\n%s", expected, text);
  free(text);
}

static inline struct metric *series(struct metrics *metrics, enum metrics_family family, const char *a, const char *b,
                                    const char *c) {
  struct slice labels[3] = {slice_text(a), slice_text(b), slice_text(c)};
  return metrics_series(metrics, family, labels, metrics_label_count(family));
}

static inline unsigned long long value_of(const char *text, const char *name) {
  const char *at = strstr(text, name);
  return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}
