// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics_labels.h"

#include "base/map.h"

_Static_assert(LABEL_VALUES_MAX *METRIC_LABELS < LABEL_RECORDS, "every label can reach its limit");
_Static_assert(LABEL_RECORDS < LABEL_INDEX && LABEL_RECORDS < UINT16_MAX, "the index never fills");

/* Counts a new value of `label` in, unless there are enough already. */
static bool value_reserve(struct metrics_labels *labels, enum metric_label label) {
  if (atomic_fetch_add(&labels->values[label], 1) < LABEL_VALUES_MAX) return true;
  atomic_fetch_sub(&labels->values[label], 1);
  return false;
}

/* A record with the value in it that nobody sees yet: its number, LABEL_OTHER when there is no room. One that loses the
 * race to the index stays unused. */
static uint16_t record_make(struct metrics_labels *labels, enum metric_label label, struct slice text) {
  if (!value_reserve(labels, label)) return LABEL_OTHER;
  uint32_t at = atomic_load(&labels->records_used);
  do {
    if (at >= LABEL_RECORDS) {
      atomic_fetch_sub(&labels->values[label], 1);
      return LABEL_OTHER;
    }
  } while (!atomic_compare_exchange_weak(&labels->records_used, &at, at + 1));
  struct label_record *record = &labels->records[at];
  record->label = (uint8_t)label;
  record->len = (uint8_t)text.len;
  if (text.len) memcpy(record->text, text.ptr, text.len);
  return (uint16_t)(at + 1);
}

static bool record_is(const struct metrics_labels *labels, uint16_t number, enum metric_label label,
                      struct slice text) {
  return labels->records[number - 1].label == label && slice_equal(metrics_label_text(labels, number), text);
}

uint16_t metrics_label_intern(struct metrics_labels *labels, enum metric_label label, struct slice text) {
  if (text.len > LABEL_TEXT_MAX || slice_equal(text, SLICE_LITERAL("other"))) return LABEL_OTHER;
  uint16_t made = LABEL_OTHER;
  for (uint64_t at = map_hash(text) + (uint64_t)label * 0x9e3779b97f4a7c15ULL;; at++) {
    _Atomic uint16_t *place = &labels->index[at % LABEL_INDEX];
    uint16_t found = atomic_load_explicit(place, memory_order_acquire);
    if (found == 0) {
      if (!made) made = record_make(labels, label, text);
      if (!made || atomic_compare_exchange_strong(place, &found, made)) return made;
    }
    if (!record_is(labels, found, label, text)) continue;
    if (made) atomic_fetch_sub(&labels->values[label], 1);
    return found;
  }
}

struct slice metrics_label_text(const struct metrics_labels *labels, uint16_t number) {
  if (number == LABEL_OTHER) return SLICE_LITERAL("other");
  const struct label_record *record = &labels->records[number - 1];
  return slice_make(record->text, record->len);
}
