// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "telemetry/metrics_table.h"

/* Every label value of the program, once, in shared memory: value -> small number. Any worker adds, none removes.
 * Bounds what a caller who invents model names can make us keep. Zeroed memory is an empty table. */
enum {
  LABEL_VALUES_MAX = 500, /* of one label name */
  LABEL_TEXT_MAX = 250,
  LABEL_RECORDS = 12288,
  LABEL_INDEX = 32768,
  LABEL_OTHER = 0
};

struct label_record {
  uint8_t label; /* enum metric_label */
  uint8_t len;
  char text[LABEL_TEXT_MAX];
};

struct metrics_labels {
  _Atomic uint32_t records_used;
  _Atomic uint32_t values[METRIC_LABELS]; /* different values of each name */
  _Atomic uint16_t index[LABEL_INDEX];    /* record number + 1; 0 is free; open addressing */
  struct label_record records[LABEL_RECORDS];
};

/* The number of a value, LABEL_OTHER when it is too long or one too many. */
uint16_t metrics_label_intern(struct metrics_labels *labels, enum metric_label label, struct slice text);

struct slice metrics_label_text(const struct metrics_labels *labels, uint16_t number);
