// SPDX-License-Identifier: Apache-2.0
#include <limits.h>

#include "base/check.h"
#include "match/pool.h"

/* The library reports every end of every match, in no order to rely on. For a word the beginning is its length before;
 * for a pattern it is the leftmost of this end. From these come the leftmost-longest matches. */

void match_scan(const struct match_set *set, struct slice text, match_event_handler on_match, void *context) {
  REQUIRE(text.len <= UINT_MAX); /* bodies are limited far below */
  hs_error_t status = hs_scan(set->code->database, text.len > 0 ? text.ptr : "", (unsigned)text.len, 0,
                              set->pool->scratch, on_match, context);
  REQUIRE(status == HS_SUCCESS || status == HS_SCAN_TERMINATED);
}

struct match_found match_found_make(const struct match_set *set, unsigned id, unsigned long long from,
                                    unsigned long long to) {
  const struct match_width *width = &set->code->widths[id];
  return (struct match_found){width->min == width->max ? (size_t)to - width->max : (size_t)from, (size_t)to, id};
}

/* ---- the first ---- */

struct first {
  const struct match_set *set;
  struct match_found best;
  bool any;
};

static bool better(const struct match_found *a, const struct match_found *b) {
  if (a->from != b->from) return a->from < b->from;
  if (a->to != b->to) return a->to > b->to;
  return a->index < b->index;
}

static int on_first(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  struct first *first = context;
  struct match_found found = match_found_make(first->set, id, from, to);
  (void)flags;
  if (!first->any || better(&found, &first->best)) first->best = found;
  first->any = true;
  return 0;
}

bool match_set_find(const struct match_set *set, struct slice text, struct match_found *out) {
  struct first first = {.set = set};
  match_scan(set, text, on_first, &first);
  if (first.any) *out = first.best;
  return first.any;
}
