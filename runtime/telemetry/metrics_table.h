// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "telemetry/metrics.h"

/* What the families are: the one description that writing and rendering read. Inside this room only. */
enum metric_kind {
  METRIC_COUNTER,
  METRIC_GAUGE,        /* the sum over the workers */
  METRIC_GAUGE_LATEST, /* the value written last by any of them */
  METRIC_GAUGE_FRESH,  /* the same, and none when nobody has written it lately: see metrics_render */
  METRIC_GAUGE_MOST,   /* the largest of them */
  METRIC_HISTOGRAM     /* observed in microseconds, shown in seconds */
};

enum metric_label { /* a value belongs to its label's name: `openai` the provider is not `openai` the target */
                    LABEL_PROVIDER,
                    LABEL_MODEL,
                    LABEL_STATUS,
                    LABEL_ERROR_TYPE,
                    LABEL_KEY_TYPE,
                    LABEL_STATE,
                    LABEL_KIND,
                    LABEL_TARGET,
                    LABEL_NAME,
                    LABEL_CODE,
                    LABEL_RESULT,
                    LABEL_EVENT,
                    LABEL_SUBJECT,
                    LABEL_VARIANT,
                    LABEL_REASON,
                    LABEL_POLICY,
                    LABEL_CREDENTIAL,
                    LABEL_OUTCOME,
                    METRIC_LABELS
};

enum { METRIC_LABELS_MAX = 3, METRIC_BUCKETS = 12 };

struct metrics_description {
  const char *name;
  const char *help;
  enum metric_kind kind;
  unsigned label_count;
  enum metric_label labels[METRIC_LABELS_MAX];
  bool micro; /* counted in millionths of the unit shown */
};

/* A bucket's upper bound; the last bucket of every histogram, +Inf, is implied. */
struct metrics_bucket {
  uint64_t microseconds;
  const char *text;
};

const struct metrics_description *metrics_describe(enum metrics_family family);
const char *metrics_label_name(enum metric_label label);
const struct metrics_bucket *metrics_buckets(void); /* METRIC_BUCKETS of them */

/* How many 64-bit cells a series of this family has. Histograms: one per bucket, +Inf, the sum. A latest gauge: the
 * value, when it was written. */
unsigned metrics_cells(enum metrics_family family);
