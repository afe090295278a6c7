// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "telemetry/metrics_area.h"
#include "telemetry/utf8.h"

/* The series of all slots in the order of their keys: equal keys are one series of the program. */
struct gathered {
  const struct metric **items; /* owned */
  size_t count;
};

static int key_order(const void *a, const void *b) {
  uint64_t left = (*(const struct metric *const *)a)->key, right = (*(const struct metric *const *)b)->key;
  return (left > right) - (left < right);
}

static struct gathered gather(struct metrics *metrics) {
  struct buffer items = {0};
  for (unsigned i = 0; i < metrics->count; i++) {
    struct metrics_slot *slot = &metrics->area->slots[i];
    uint32_t used = atomic_load_explicit(&slot->used, memory_order_acquire);
    for (uint32_t at = 0; at < used;) {
      const struct metric *metric = metric_at(slot, at);
      buffer_append(&items, &metric, sizeof metric);
      at += metric_words(metric);
    }
  }
  struct gathered all = {(const struct metric **)(void *)items.data, items.len / sizeof(struct metric *)};
  if (all.count > 1) qsort(all.items, all.count, sizeof *all.items, key_order);
  return all;
}

static void append_text(struct buffer *out, const char *text) {
  buffer_append_slice(out, slice_text(text));
}

/* Backslash, quote and line feed are escaped, what is not UTF-8 replaced. */
static void append_escaped(struct buffer *out, struct slice text) {
  for (size_t at = 0; at < text.len;) {
    size_t len = utf8_len(slice_from(text, at));
    if (len == 0) {
      append_text(out, UTF8_REPLACEMENT);
      len = 1;
    } else if (text.ptr[at] == '\n') {
      append_text(out, "\\n");
    } else {
      if (text.ptr[at] == '\\' || text.ptr[at] == '"') append_text(out, "\\");
      buffer_append(out, text.ptr + at, len);
    }
    at += len;
  }
}

/* {provider="x",model="y",le="0.5"}: `bucket` is null outside histograms. */
static void append_labels(struct metrics *metrics, struct buffer *out, uint64_t key, const char *bucket) {
  const struct metrics_description *description = metrics_describe(metric_family(key));
  if (description->label_count == 0 && !bucket) return;
  const char *before = "{";
  for (unsigned i = 0; i < description->label_count; i++, before = ",") {
    append_text(out, before);
    append_text(out, metrics_label_name(description->labels[i]));
    append_text(out, "=\"");
    append_escaped(out, metrics_label_text(&metrics->area->labels, metric_label(key, i)));
    append_text(out, "\"");
  }
  if (bucket) {
    append_text(out, before);
    append_text(out, "le=\"");
    append_text(out, bucket);
    append_text(out, "\"");
  }
  append_text(out, "}");
}

static void append_micro(struct buffer *out, uint64_t value) {
  buffer_append_decimal(out, (long long)(value / 1000000));
  unsigned rest = (unsigned)(value % 1000000);
  if (rest == 0) return;
  char digits[7] = {'.'};
  size_t len = sizeof digits;
  for (size_t i = 6; i > 0; i--, rest /= 10) digits[i] = (char)('0' + rest % 10);
  while (digits[len - 1] == '0') len--;
  buffer_append(out, digits, len);
}

/* One line; `suffix` and `bucket` are the histograms'. */
static void append_sample(struct metrics *metrics, struct buffer *out, uint64_t key, const char *suffix,
                          const char *bucket, uint64_t value, bool micro) {
  append_text(out, metrics_describe(metric_family(key))->name);
  append_text(out, suffix);
  append_labels(metrics, out, key, bucket);
  append_text(out, " ");
  if (micro) {
    append_micro(out, value);
  } else {
    buffer_append_decimal(out, (long long)value);
  }
  append_text(out, "\n");
}

static uint64_t sum_of(const struct metric *const *same, size_t count, unsigned cell) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += metric_read(same[i], cell);
  return sum;
}

static const struct metric *latest_of(const struct metric *const *same, size_t count) {
  const struct metric *latest = same[0];
  for (size_t i = 1; i < count; i++) {
    if (metric_read(same[i], 1) > metric_read(latest, 1)) latest = same[i];
  }
  return latest;
}

static bool is_gone(const struct metric *const *same, size_t count, uint64_t since) {
  bool fresh = metrics_describe(metric_family(same[0]->key))->kind == METRIC_GAUGE_FRESH;
  return fresh && metric_read(latest_of(same, count), 1) < since;
}

static uint64_t most_of(const struct metric *const *same, size_t count) {
  uint64_t most = 0;
  for (size_t i = 0; i < count; i++) {
    if (metric_read(same[i], 0) > most) most = metric_read(same[i], 0);
  }
  return most;
}

static uint64_t value_of(enum metric_kind kind, const struct metric *const *same, size_t count) {
  if (kind == METRIC_GAUGE_LATEST || kind == METRIC_GAUGE_FRESH) return metric_read(latest_of(same, count), 0);
  return kind == METRIC_GAUGE_MOST ? most_of(same, count) : sum_of(same, count, 0);
}

static void append_histogram(struct metrics *metrics, struct buffer *out, const struct metric *const *same,
                             size_t count) {
  uint64_t key = same[0]->key, total = 0;
  for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
    total += sum_of(same, count, i);
    append_sample(metrics, out, key, "_bucket", metrics_buckets()[i].text, total, false);
  }
  total += sum_of(same, count, METRIC_BUCKETS);
  append_sample(metrics, out, key, "_bucket", "+Inf", total, false);
  append_sample(metrics, out, key, "_sum", NULL, sum_of(same, count, METRIC_BUCKETS + 1), true);
  append_sample(metrics, out, key, "_count", NULL, total, false);
}

static void append_series(struct metrics *metrics, struct buffer *out, const struct metric *const *same, size_t count) {
  const struct metrics_description *description = metrics_describe(metric_family(same[0]->key));
  if (description->kind == METRIC_HISTOGRAM) {
    append_histogram(metrics, out, same, count);
  } else {
    uint64_t value = value_of(description->kind, same, count);
    append_sample(metrics, out, same[0]->key, "", NULL, value, description->micro);
  }
}

static void append_heading(struct buffer *out, const struct metrics_description *description) {
  static const char *const types[] = {"counter", "gauge", "gauge", "gauge", "gauge", "histogram"};
  buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", description->name, description->help, description->name,
                       types[description->kind]);
}

static void append_overflow(struct metrics *metrics, struct buffer *out) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < metrics->count; i++) sum += atomic_load(&metrics->area->slots[i].overflow);
  append_text(out,
              "# HELP gateway_metrics_overflow_total Lookups of a series for which there was no room.\n"
              "# TYPE gateway_metrics_overflow_total counter\ngateway_metrics_overflow_total ");
  buffer_append_decimal(out, (long long)sum);
  append_text(out, "\n");
}

void metrics_render(struct metrics *metrics, uint64_t since, struct buffer *out) {
  struct gathered all = gather(metrics);
  int family = -1;
  for (size_t at = 0, count; at < all.count; at += count) {
    uint64_t key = all.items[at]->key;
    count = 1;
    while (at + count < all.count && all.items[at + count]->key == key) count++;
    if (is_gone(all.items + at, count, since)) continue;
    if (family != (int)metric_family(key)) append_heading(out, metrics_describe(metric_family(key)));
    family = (int)metric_family(key);
    append_series(metrics, out, all.items + at, count);
  }
  free(all.items);
  append_overflow(metrics, out);
  metrics_process_render(metrics, out);
}
