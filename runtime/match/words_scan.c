// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdlib.h>

#include "base/check.h"
#include "match/pool.h"

/* The library reports every end of every word, in no order to rely on. A word's beginning is its length before. */

static void scan(const struct match_set *set, struct slice text, match_event_handler on_match, void *context) {
  REQUIRE(text.len <= UINT_MAX); /* bodies are limited far below */
  hs_error_t status = hs_scan(set->code->database, text.len > 0 ? text.ptr : "", (unsigned)text.len, 0,
                              set->pool->scratch, on_match, context);
  REQUIRE(status == HS_SUCCESS || status == HS_SCAN_TERMINATED);
}

static struct match_found found_make(const struct match_set *set, unsigned id, unsigned long long to) {
  return (struct match_found){(size_t)to - set->code->lengths[id], (size_t)to, id};
}

/* Leftmost, then longest, then first in the list. */
static int order(const void *a, const void *b) {
  const struct match_found *left = a, *right = b;
  if (left->from != right->from) return left->from < right->from ? -1 : 1;
  if (left->to != right->to) return left->to > right->to ? -1 : 1;
  return (left->index > right->index) - (left->index < right->index);
}

struct first {
  const struct match_set *set;
  struct match_found best;
  bool any;
};

static int on_first(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  struct first *first = context;
  struct match_found found = found_make(first->set, id, to);
  (void)from, (void)flags;
  if (!first->any || order(&found, &first->best) < 0) first->best = found;
  first->any = true;
  return 0;
}

bool match_words_find(const struct match_set *set, struct slice text, struct match_found *out) {
  struct first first = {.set = set};
  scan(set, text, on_first, &first);
  if (first.any) *out = first.best;
  return first.any;
}

struct every {
  const struct match_set *set;
  struct buffer *heard;
  size_t base; /* where the scanned bytes lie in the text */
  bool full;
};

static int on_every(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  struct every *every = context;
  struct match_found found = found_make(every->set, id, to);
  (void)from, (void)flags;
  found.from += every->base;
  found.to += every->base;
  buffer_append(every->heard, &found, sizeof found);
  every->full = every->heard->len / sizeof found > MATCH_FOUND_MAX;
  return every->full;
}

int match_words_all(const struct match_set *set, struct slice text, size_t from, struct buffer *out) {
  struct buffer *heard = &set->pool->heard;
  struct every every = {.set = set, .heard = heard, .base = from};
  buffer_clear(heard);
  scan(set, slice_from(text, from), on_every, &every);
  if (every.full) return -1;
  size_t count = heard->len / sizeof(struct match_found), end = from;
  struct match_found *founds = (struct match_found *)(void *)heard->data;
  if (count > 1) qsort(founds, count, sizeof *founds, order);
  for (size_t i = 0; i < count; i++) {
    if (founds[i].from < end) continue;
    buffer_append(out, &founds[i], sizeof *founds);
    end = founds[i].to;
  }
  if (heard->cap > 1024 * 1024) buffer_free(heard);
  return 0;
}
