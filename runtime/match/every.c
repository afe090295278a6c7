// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "match/pool.h"

/* All matches of a text. The library reports ends, in no order to rely on, and for each the leftmost beginning only. A
 * match that begins inside of an earlier one is not wanted, but what remains of it behind that one may be a match as
 * well ([0-9]{2,6} in eight digits): the few bytes up to such an end are looked at again. */

static size_t count_of(const struct buffer *founds) {
  return founds->len / sizeof(struct match_found);
}

static struct match_found *found_at(const struct buffer *founds, size_t place) {
  return (struct match_found *)(void *)founds->data + place;
}

/* ---- one pass: what is reported, by beginning, of these the longest first ---- */

struct pass {
  const struct match_set *set;
  struct buffer *founds;
  size_t *latest; /* for each pattern the number of its latest entry in `founds`, 0 for none */
  size_t base;    /* where the scanned bytes lie in the text */
  size_t end;     /* what ends later is not taken */
  bool full;
};

/* Most ends of a pattern only make the match before longer. */
static bool lengthens(struct pass *pass, const struct match_found *found) {
  if (pass->latest[found->index] == 0) return false;
  struct match_found *latest = found_at(pass->founds, pass->latest[found->index] - 1);
  if (latest->from != found->from) return false;
  if (found->to > latest->to) latest->to = found->to;
  return true;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  struct pass *pass = context;
  struct match_found found = match_found_make(pass->set, id, from, to);
  (void)flags;
  found.from += pass->base;
  found.to += pass->base;
  if (found.to > pass->end || lengthens(pass, &found)) return 0;
  buffer_append(pass->founds, &found, sizeof found);
  pass->latest[id] = count_of(pass->founds);
  pass->full = count_of(pass->founds) > MATCH_FOUND_MAX;
  return pass->full;
}

static int order(const void *a, const void *b) {
  const struct match_found *left = a, *right = b;
  if (left->from != right->from) return left->from < right->from ? -1 : 1;
  if (left->to != right->to) return left->to > right->to ? -1 : 1;
  return (left->index > right->index) - (left->index < right->index);
}

/* False when there are too many. */
static bool pass_run(struct pass *pass, struct slice bytes) {
  pass->latest = calloc(pass->set->code->count, sizeof *pass->latest);
  REQUIRE(pass->latest != NULL);
  match_scan(pass->set, bytes, on_match, pass);
  free(pass->latest);
  if (pass->founds->len > 0) qsort(pass->founds->data, count_of(pass->founds), sizeof(struct match_found), order);
  return !pass->full;
}

/* ---- choosing, from left to right ---- */

/* What one call may look at again: enough for any text that is not made for it. */
enum { AGAIN_FACTOR = 8, AGAIN_MIN = 65536 };
/* What ends at the window's end must not take that for the text's end ($ looks one line end ahead). */
enum { BEYOND = 2 };

struct choice {
  const struct match_set *set;
  struct slice text;
  struct buffer founds; /* owned; of the whole text */
  struct buffer nearer; /* owned; of windows looked at again */
  size_t at, nearer_at; /* places of the next ones */
  size_t end;           /* of the match chosen last */
  size_t doubt;         /* up to here there were ends of matches that begin before `end` and may go on behind it */
  size_t left;          /* of the work allowed */
};

/* The next candidate, and whose it is; null at the end. */
static const struct match_found *peek(const struct choice *choice, bool *nearer) {
  const struct match_found *near =
      choice->nearer_at < count_of(&choice->nearer) ? found_at(&choice->nearer, choice->nearer_at) : NULL;
  const struct match_found *far = choice->at < count_of(&choice->founds) ? found_at(&choice->founds, choice->at) : NULL;
  *nearer = near && (!far || order(near, far) <= 0);
  return *nearer ? near : far;
}

static void doubt_note(struct choice *choice, const struct match_found *hidden) {
  const struct match_width *width = &choice->set->code->widths[hidden->index];
  bool remains = width->min < width->max && hidden->to >= choice->end + width->min;
  if (remains && hidden->to > choice->doubt) choice->doubt = hidden->to;
}

/* Two lists in order become one. */
static void nearer_merge(struct choice *choice, const struct buffer *window) {
  struct buffer merged = {0};
  size_t place = 0, count = count_of(window), waiting = choice->nearer_at, end = count_of(&choice->nearer);
  while (place < count || waiting < end) {
    bool mine =
        waiting == end || (place < count && order(found_at(window, place), found_at(&choice->nearer, waiting)) <= 0);
    const struct match_found *next = mine ? found_at(window, place++) : found_at(&choice->nearer, waiting++);
    buffer_append(&merged, next, sizeof *next);
  }
  buffer_free(&choice->nearer);
  choice->nearer = merged;
  choice->nearer_at = 0;
}

/* Looks once more at what lies between the chosen match and the end in doubt. */
static bool look_again(struct choice *choice) {
  size_t from = choice->end, to = choice->doubt;
  size_t stop = to + BEYOND < choice->text.len ? to + BEYOND : choice->text.len;
  size_t work = to - from + count_of(&choice->nearer) - choice->nearer_at;
  struct buffer window = {0};
  struct pass pass = {.set = choice->set, .founds = &window, .base = from, .end = to};
  if (work > choice->left) return false;
  choice->left -= work;
  choice->doubt = 0;
  bool whole = pass_run(&pass, slice_make(choice->text.ptr + from, stop - from));
  nearer_merge(choice, &window);
  buffer_free(&window);
  return whole;
}

static bool choose(struct choice *choice, struct buffer *chosen) {
  for (;;) {
    bool nearer;
    const struct match_found *next = peek(choice, &nearer);
    bool hidden = next && next->from < choice->end;
    if (!hidden && choice->doubt > choice->end) {
      if (!look_again(choice)) return false;
      continue;
    }
    if (!next) return true;
    if (hidden) {
      doubt_note(choice, next);
    } else {
      buffer_append(chosen, next, sizeof *next);
      choice->end = next->to;
    }
    *(nearer ? &choice->nearer_at : &choice->at) += 1;
  }
}

int match_set_all(const struct match_set *set, struct slice text, size_t from, const struct match_found **out,
                  size_t *count, struct error *error) {
  struct buffer *chosen = &set->pool->founds;
  struct choice choice = {.set = set, .text = text, .end = from, .left = text.len * AGAIN_FACTOR + AGAIN_MIN};
  struct pass pass = {.set = set, .founds = &choice.founds, .base = from > 0 ? from - 1 : 0, .end = SIZE_MAX};
  buffer_clear(chosen);
  bool whole = pass_run(&pass, slice_from(text, pass.base)) && choose(&choice, chosen);
  buffer_free(&choice.founds);
  buffer_free(&choice.nearer);
  *out = (const struct match_found *)(void *)chosen->data;
  *count = count_of(chosen);
  if (whole) return 0;
  return error_set(error, 500, "match_too_much", "too many matches, or too many that overlap");
}
