// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "match/regex.h"

/* Threads: for each place of the program the earliest beginning that leads there. They stay in the order of their
 * beginnings, so the first to reach a place is the one to keep. */

bool regex_assert_holds(enum regex_assert which, const struct regex_place *place) {
  bool word_before = place->before >= 0 && regex_is_word((unsigned char)place->before);
  bool word_after = place->after >= 0 && regex_is_word((unsigned char)place->after);
  switch (which) {
    case REGEX_TEXT_BEGIN:
      return place->before < 0;
    case REGEX_TEXT_END:
      return place->after < 0;
    case REGEX_LAST_LINE_END:
      return place->after < 0 || (place->after == '\n' && place->last);
    case REGEX_LINE_BEGIN:
      return place->before < 0 || place->before == '\n';
    case REGEX_LINE_END:
      return place->after < 0 || place->after == '\n';
    case REGEX_WORD_EDGE:
      return word_before != word_after;
    default:
      return word_before == word_after;
  }
}

/* ---- memory ---- */

static void *grow(void *memory, size_t count, size_t size) {
  void *grown = realloc(memory, count * size);
  REQUIRE(grown != NULL);
  memset(grown, 0, count * size);
  return grown;
}

static void threads_prepare(struct regex_threads *threads, size_t steps) {
  if (threads->generation > UINT32_MAX / 2) threads->capacity = 0; /* clears what was seen */
  if (steps <= threads->capacity) return;
  threads->places = grow(threads->places, steps + 1, sizeof *threads->places);
  threads->next_places = grow(threads->next_places, steps + 1, sizeof *threads->next_places);
  threads->starts = grow(threads->starts, steps + 1, sizeof *threads->starts);
  threads->next_starts = grow(threads->next_starts, steps + 1, sizeof *threads->next_starts);
  threads->stack = grow(threads->stack, 2 * steps + 2, sizeof *threads->stack);
  threads->seen = grow(threads->seen, steps + 1, sizeof *threads->seen);
  threads->next_seen = grow(threads->next_seen, steps + 1, sizeof *threads->next_seen);
  threads->generation = 0;
  threads->capacity = steps;
}

void regex_threads_free(struct regex_threads *threads) {
  free(threads->places);
  free(threads->next_places);
  free(threads->starts);
  free(threads->next_starts);
  free(threads->stack);
  free(threads->seen);
  free(threads->next_seen);
}

/* ---- one place of the text ---- */

struct run {
  const struct regex_step *steps;
  const struct regex_set *sets;
  struct regex_threads *threads;
  struct regex_place place;
  size_t at;
  bool edge;      /* what comes after is not known yet */
  bool near_edge; /* the line end that comes after may be the last byte or not */
  size_t count, next_count;
  size_t open; /* at the edge: the earliest beginning that more text can lead on */
  struct regex_found found;
};

static void match_take(struct run *run, size_t start, unsigned index) {
  struct regex_found *found = &run->found;
  bool better = !found->any || start < found->from || run->at > found->to || index < found->index;
  if (found->any && start > found->from) better = false;
  if (better) *found = (struct regex_found){.from = start, .to = run->at, .index = index, .any = true};
}

static void thread_add(struct run *run, uint32_t place, size_t start) {
  struct regex_threads *threads = run->threads;
  if (threads->next_seen[place] == threads->generation) return;
  threads->next_seen[place] = threads->generation;
  threads->next_places[run->next_count] = place;
  threads->next_starts[run->next_count++] = start;
}

static void open_note(struct run *run, size_t start) {
  if (start < run->open) run->open = start;
}

static bool assert_known(const struct run *run, const struct regex_step *step) {
  return !run->edge && !(run->near_edge && step->x == REGEX_LAST_LINE_END);
}

/* One step of a thread; returns how many places it put on the stack. */
static size_t step_follow(struct run *run, uint32_t place, size_t start, uint32_t *stack) {
  const struct regex_step *step = &run->steps[place];
  switch (step->op) {
    case REGEX_OP_SET:
      if (run->edge) open_note(run, start);
      if (run->place.after >= 0 && regex_set_has(&run->sets[step->x], (unsigned char)run->place.after)) {
        thread_add(run, place + 1, start);
      }
      return 0;
    case REGEX_OP_SPLIT:
      stack[0] = step->y;
      stack[1] = step->x;
      return 2;
    case REGEX_OP_JUMP:
      stack[0] = step->x;
      return 1;
    case REGEX_OP_ASSERT:
      stack[0] = place + 1;
      if (!assert_known(run, step)) {
        open_note(run, start);
        return 0;
      }
      return regex_assert_holds((enum regex_assert)step->x, &run->place);
    default:
      match_take(run, start, step->x);
      return 0;
  }
}

static void thread_run(struct run *run, uint32_t place, size_t start) {
  uint32_t *stack = run->threads->stack, *seen = run->threads->seen;
  size_t used = 1;
  stack[0] = place;
  while (used > 0 && run->threads->left > 0) {
    place = stack[--used];
    run->threads->left--;
    if (seen[place] == run->threads->generation) continue;
    seen[place] = run->threads->generation;
    used += step_follow(run, place, start, stack + used);
  }
}

static void place_run(struct run *run, bool begins) {
  struct regex_threads *threads = run->threads;
  threads->generation++;
  run->next_count = 0;
  for (size_t i = 0; i < run->count; i++) {
    if (run->found.any && threads->starts[i] > run->found.from) break;
    thread_run(run, threads->places[i], threads->starts[i]);
  }
  if (begins && !run->found.any) thread_run(run, 0, run->at);
}

static void threads_swap(struct run *run) {
  struct regex_threads *threads = run->threads;
  uint32_t *places = threads->places;
  size_t *starts = threads->starts;
  threads->places = threads->next_places;
  threads->starts = threads->next_starts;
  threads->next_places = places;
  threads->next_starts = starts;
  run->count = run->next_count;
}

/* ---- the text ---- */

static void place_look(struct run *run, struct slice text) {
  run->place.before = run->at > 0 ? (unsigned char)text.ptr[run->at - 1] : -1;
  run->place.after = run->at < text.len ? (unsigned char)text.ptr[run->at] : -1;
  run->place.last = run->at + 1 == text.len;
}

/* Past bytes that no match begins with, while nothing is under way. */
static size_t skip(const struct regex_program *program, struct slice text, size_t at) {
  while (at < text.len && !regex_set_has(&program->first, (unsigned char)text.ptr[at])) at++;
  return at;
}

/* At the end of what is there. A text that goes on decides only what nothing can change any more. */
static struct regex_found finish(struct run *run, struct slice text, bool goes_on) {
  if (run->threads->left == 0) return (struct regex_found){.gave_up = true, .seen = run->at};
  bool undecided = goes_on && run->open < text.len && (!run->found.any || run->open <= run->found.from);
  if (undecided) return (struct regex_found){.open = run->open, .seen = run->at};
  run->found.open = text.len;
  run->found.seen = run->at;
  return run->found;
}

struct regex_found regex_find(const struct regex_program *program, struct regex_threads *threads, struct slice text,
                              size_t from, bool goes_on) {
  struct run run = {.steps = (const struct regex_step *)(const void *)program->steps.data,
                    .sets = (const struct regex_set *)(const void *)program->sets.data,
                    .threads = threads,
                    .at = from,
                    .open = SIZE_MAX};
  threads_prepare(threads, program->steps.len / sizeof(struct regex_step));
  for (;; run.at++) {
    if (run.count == 0 && run.found.any) break;
    if (run.count == 0) run.at = skip(program, text, run.at);
    place_look(&run, text);
    run.edge = goes_on && run.at >= text.len;
    run.near_edge = goes_on && run.place.last && run.place.after == '\n';
    if (run.at >= text.len && run.count == 0) break;
    place_run(&run, run.place.after >= 0 && regex_set_has(&program->first, (unsigned char)run.place.after));
    if (run.at >= text.len || threads->left == 0) break;
    threads_swap(&run);
  }
  return finish(&run, text, goes_on);
}
