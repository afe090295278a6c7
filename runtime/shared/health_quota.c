// SPDX-License-Identifier: Apache-2.0
#include "shared/health_quota.h"

#include <stdlib.h>
#include <time.h>

/* ---- names ---- */

enum quota_field { QUOTA_LIMIT, QUOTA_REMAINING, QUOTA_RESET };

struct quota_name {
  struct slice name;
  enum health_quota_kind kind;
  enum quota_field field;
};

#define NAME(text, kind, field) \
  { {text, sizeof text - 1}, kind, field }

/* Anthropic's lines about input and output tokens say no more than the one about tokens, which is the narrower. */
static const struct quota_name names[] = {
    NAME("x-ratelimit-limit-requests", QUOTA_REQUESTS, QUOTA_LIMIT),
    NAME("x-ratelimit-remaining-requests", QUOTA_REQUESTS, QUOTA_REMAINING),
    NAME("x-ratelimit-reset-requests", QUOTA_REQUESTS, QUOTA_RESET),
    NAME("x-ratelimit-limit-tokens", QUOTA_TOKENS, QUOTA_LIMIT),
    NAME("x-ratelimit-remaining-tokens", QUOTA_TOKENS, QUOTA_REMAINING),
    NAME("x-ratelimit-reset-tokens", QUOTA_TOKENS, QUOTA_RESET),
    NAME("anthropic-ratelimit-requests-limit", QUOTA_REQUESTS, QUOTA_LIMIT),
    NAME("anthropic-ratelimit-requests-remaining", QUOTA_REQUESTS, QUOTA_REMAINING),
    NAME("anthropic-ratelimit-requests-reset", QUOTA_REQUESTS, QUOTA_RESET),
    NAME("anthropic-ratelimit-tokens-limit", QUOTA_TOKENS, QUOTA_LIMIT),
    NAME("anthropic-ratelimit-tokens-remaining", QUOTA_TOKENS, QUOTA_REMAINING),
    NAME("anthropic-ratelimit-tokens-reset", QUOTA_TOKENS, QUOTA_RESET),
};
enum { NAME_COUNT = sizeof names / sizeof *names, SHORTEST_NAME = 24 /* x-ratelimit-limit-tokens */ };

bool health_quota_reads(struct slice name) {
  static const char *const prefixes[] = {"x-ratelimit-", "anthropic-ratelimit-"};
  if (name.len < SHORTEST_NAME) return false;
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    struct slice prefix = slice_text(prefixes[i]);
    if (slice_equal_caseless(slice_make(name.ptr, prefix.len), prefix)) return true;
  }
  return false;
}

static const struct quota_name *name_find(struct slice name) {
  for (size_t i = 0; i < NAME_COUNT; i++) {
    if (slice_equal_caseless(name, names[i].name)) return &names[i];
  }
  return NULL;
}

/* ---- values ---- */

/* "2026-01-01T00:00:00Z", which is no number of hours. */
static bool is_date(const char *text) {
  return strlen(text) >= 20 && text[4] == '-' && text[10] == 'T';
}

static double date_ms(const char *text, double unix_seconds) {
  struct tm date = {0};
  if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &date)) return -1;
  double until = (double)timegm(&date) - unix_seconds;
  return until > 0 ? until * 1000 : 0;
}

/* "6m0s", "1.5s", "12ms", "7" (seconds). */
static double span_ms(const char *text) {
  double sum = 0;
  while (*text) {
    char *end;
    double number = strtod(text, &end), unit = 1000;
    if (end == text || !(number >= 0 && number < 1e9)) return -1;
    if (strncmp(end, "ms", 2) == 0)
      unit = 1, end++;
    else if (*end == 'm')
      unit = 60e3;
    else if (*end == 'h')
      unit = 3600e3;
    else if (*end == 'd')
      unit = 86400e3;
    else if (*end && *end != 's')
      return -1;
    sum += number * unit;
    text = *end ? end + 1 : end;
  }
  return sum;
}

enum { SPAN_MAX_MS = 86400000 };

static void reset_note(_Atomic uint64_t *reset, struct slice value, uint64_t now_ms, double unix_seconds) {
  char text[40];
  if (value.len == 0 || value.len >= sizeof text) return;
  memcpy(text, value.ptr, value.len);
  text[value.len] = '\0';
  double span = is_date(text) ? date_ms(text, unix_seconds) : span_ms(text);
  if (span < 0) return;
  atomic_store_explicit(reset, now_ms + (uint64_t)(span < SPAN_MAX_MS ? span : SPAN_MAX_MS), memory_order_relaxed);
}

static void number_note(_Atomic uint32_t *place, struct slice value) {
  long long number;
  if (!slice_decimal(value, &number)) return;
  uint32_t kept = number < UINT32_MAX - 1 ? (uint32_t)number + 1 : UINT32_MAX;
  atomic_store_explicit(place, kept, memory_order_relaxed);
}

void health_quota_note(struct health_quota *quota, struct slice name, struct slice value, uint64_t now_ms,
                       double unix_seconds) {
  const struct quota_name *known = name_find(name);
  if (!known) return;
  if (known->field == QUOTA_LIMIT) number_note(&quota->limit[known->kind], value);
  if (known->field == QUOTA_REMAINING) number_note(&quota->remaining[known->kind], value);
  if (known->field == QUOTA_RESET) reset_note(&quota->reset_ms[known->kind], value, now_ms, unix_seconds);
}

/* ---- reading ---- */

static double number_read(const _Atomic uint32_t *place) {
  return (double)atomic_load_explicit(place, memory_order_relaxed) - 1;
}

static void kind_read(const struct health_quota *quota, unsigned kind, uint64_t now_ms,
                      struct health_quota_view *view) {
  uint64_t reset = atomic_load_explicit(&quota->reset_ms[kind], memory_order_relaxed);
  view->limit[kind] = number_read(&quota->limit[kind]);
  view->remaining[kind] = reset > 0 && reset <= now_ms ? -1 : number_read(&quota->remaining[kind]);
  if (reset > now_ms && (double)(reset - now_ms) > view->reset_ms) view->reset_ms = (double)(reset - now_ms);
  if (view->limit[kind] <= 0 || view->remaining[kind] < 0) return;
  double share = view->remaining[kind] / view->limit[kind];
  if (share > 1) share = 1;
  if (view->share < 0 || share < view->share) view->share = share;
}

struct health_quota_view health_quota_read(const struct health_quota *quota, uint64_t now_ms) {
  struct health_quota_view view = {.reset_ms = -1, .share = -1};
  for (unsigned kind = 0; kind < QUOTA_KINDS; kind++) kind_read(quota, kind, now_ms, &view);
  return view;
}
