// SPDX-License-Identifier: Apache-2.0
#include "match/pool.h"

/* The first match, and all of them. */

/* ---- patterns: is there one, and only then: where ---- */

/* Steps of one look, some hundred milliseconds at most: more than enough for any text that is not made for it. */
static const uint64_t work_min = 8000000, work_max = 50000000, work_of_byte = 16;

static void work_begin(const struct match_set *set, struct slice text) {
  uint64_t work = work_min + text.len * work_of_byte;
  if (work > work_max) work = work_max;
  ((struct match_set *)set)->automaton.left = work;
  set->pool->threads.left = work;
  set->pool->gave_up = false;
}

static struct regex_found give_up(const struct match_set *set) {
  set->pool->gave_up = true;
  return (struct regex_found){.gave_up = true};
}

static struct regex_found pattern_next(const struct match_set *set, struct slice text, size_t from, bool goes_on) {
  struct regex_automaton *automaton = &((struct match_set *)set)->automaton; /* a memory of what was met, no more */
  size_t near;
  if (!regex_exists(&set->code->program, automaton, text, from, goes_on, &near)) {
    return (struct regex_found){.open = text.len, .seen = text.len};
  }
  if (automaton->left == 0) return give_up(set);
  struct regex_found found = regex_find(&set->code->program, &set->pool->threads, text, near, goes_on);
  return found.gave_up ? give_up(set) : found;
}

bool match_set_gave_up(const struct match_set *set) {
  return set->pool->gave_up;
}

static struct match_found found_make(const struct regex_found *found) {
  return (struct match_found){found->from, found->to, found->index};
}

static bool patterns_find(const struct match_set *set, struct slice text, size_t from, struct match_found *out) {
  struct regex_found found = pattern_next(set, text, from, false);
  if (found.gave_up) found = (struct regex_found){.from = from, .to = text.len, .any = true};
  if (found.any) *out = found_make(&found);
  return found.any;
}

/* What is behind a match was often looked at to know how long it is. Enough for any text that is not made for it. */
enum { WORK_FACTOR = 100, WORK_MIN = 1024 * 1024 };

static int patterns_all(const struct match_set *set, struct slice text, size_t from, bool goes_on, struct buffer *out,
                        size_t *decided) {
  size_t left = text.len * WORK_FACTOR + WORK_MIN;
  for (;;) {
    struct regex_found found = pattern_next(set, text, from, goes_on);
    *decided = found.open;
    if (found.gave_up) return -1;
    if (!found.any) return 0;
    struct match_found one = found_make(&found);
    buffer_append(out, &one, sizeof one);
    if (out->len / sizeof one > MATCH_FOUND_MAX || found.seen - from > left) return -1;
    left -= found.seen - from;
    from = found.to;
  }
}

/* ---- words ---- */

/* Takes back what the beginning of a word at the end of the text may still change. */
static void words_decide(const struct match_set *set, struct slice text, size_t from, struct buffer *out,
                         size_t *decided) {
  const struct match_found *founds = (const struct match_found *)(void *)out->data;
  size_t count = out->len / sizeof *founds, kept = 0, end = from;
  for (;;) {
    size_t open = text.len - match_words_pending(set, slice_from(text, end));
    while (kept < count && founds[kept].from < open) end = founds[kept++].to;
    *decided = open;
    if (open >= end) break; /* else the word that begins there is inside of one that is there already */
  }
  out->len = kept * sizeof *founds;
}

/* ---- either ---- */

bool match_set_find_from(const struct match_set *set, struct slice text, size_t from, struct match_found *out) {
  work_begin(set, text);
  if (!match_set_of_words(set)) return patterns_find(set, text, from, out);
  if (!match_words_find(set, slice_from(text, from), out)) return false;
  out->from += from;
  out->to += from;
  return true;
}

bool match_set_find(const struct match_set *set, struct slice text, struct match_found *out) {
  return match_set_find_from(set, text, 0, out);
}

bool match_set_find_decided(const struct match_set *set, struct slice text, size_t from, struct match_found *out,
                            size_t *decided) {
  work_begin(set, text);
  if (match_set_of_words(set)) {
    struct buffer *all = &set->pool->founds;
    buffer_clear(all);
    *decided = from;
    if (match_words_all(set, text, from, all) == 0) words_decide(set, text, from, all, decided);
    if (all->len > 0) *out = *(const struct match_found *)(void *)all->data;
    return all->len > 0;
  }
  struct regex_found found = pattern_next(set, text, from, true);
  if (found.gave_up) found = (struct regex_found){.from = from, .to = text.len, .any = true};
  *decided = found.open;
  if (found.any) *out = found_make(&found);
  return found.any;
}

static int handed_out(struct buffer *all, int status, const struct match_found **out, size_t *count,
                      struct error *error) {
  *out = (const struct match_found *)(void *)all->data;
  *count = all->len / sizeof **out;
  if (status == 0) return 0;
  return error_set(error, 500, "match_too_much", "too many matches, or too long ones");
}

int match_set_all(const struct match_set *set, struct slice text, size_t from, const struct match_found **out,
                  size_t *count, struct error *error) {
  work_begin(set, text);
  struct buffer *all = &set->pool->founds;
  buffer_clear(all);
  size_t decided;
  int status = match_set_of_words(set) ? match_words_all(set, text, from, all)
                                       : patterns_all(set, text, from, false, all, &decided);
  return handed_out(all, status, out, count, error);
}

int match_set_decided(const struct match_set *set, struct slice text, size_t from, const struct match_found **out,
                      size_t *count, size_t *decided, struct error *error) {
  work_begin(set, text);
  struct buffer *all = &set->pool->founds;
  buffer_clear(all);
  int status = match_set_of_words(set) ? match_words_all(set, text, from, all)
                                       : patterns_all(set, text, from, true, all, decided);
  if (status == 0 && match_set_of_words(set)) words_decide(set, text, from, all, decided);
  return handed_out(all, status, out, count, error);
}

size_t match_set_pending(const struct match_set *set, struct slice text) {
  work_begin(set, text);
  if (match_set_of_words(set)) return match_words_pending(set, text);
  size_t decided = 0;
  struct buffer ignored = {0};
  patterns_all(set, text, 0, true, &ignored, &decided);
  buffer_free(&ignored);
  return text.len - decided;
}

bool match_set_is_words(const struct match_set *set) {
  return match_set_of_words(set);
}

bool match_set_is_plain(const struct match_set *set) {
  return set->plain;
}

size_t match_set_reach(const struct match_set *set) {
  return set->code->reach;
}
