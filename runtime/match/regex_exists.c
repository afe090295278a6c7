// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "match/regex.h"

/* An automaton whose states are made as they are met. A state is the set of places that threads have reached, and what
 * the byte before was; a beginning at every byte is implied. One table look-up a byte, then. */

/* What was before; IS_MATCH marks the state in which a match has ended: its one place is the pattern's index. */
enum { BEFORE_NOTHING, BEFORE_LINE_END, BEFORE_WORD, BEFORE_OTHER, IS_MATCH };
enum { AUTOMATON_MEMORY = 1024 * 1024, STATES_MAX = 4096, TABLE_SIZE = 4 * STATES_MAX };

/* Behind the classes of bytes there are two symbols more: the end, and a line end that is the text's last byte. */
enum { MORE_SYMBOLS = 2 };

struct regex_state {
  uint32_t *places; /* behind `next`, in the same allocation */
  uint32_t count;
  unsigned char before;
  const struct regex_state *next[]; /* for each symbol; null: not made yet */
};

/* ---- states ---- */

static unsigned before_of(int byte) {
  if (byte < 0) return BEFORE_NOTHING;
  if (byte == '\n') return BEFORE_LINE_END;
  return regex_is_word((unsigned char)byte) ? BEFORE_WORD : BEFORE_OTHER;
}

static int before_sample(unsigned before) {
  static const int samples[] = {-1, '\n', 'a', ' '};
  return samples[before];
}

static uint32_t hash_of(const uint32_t *places, uint32_t count, unsigned before) {
  uint32_t hash = 2166136261u ^ before;
  for (uint32_t i = 0; i < count; i++) hash = (hash ^ places[i]) * 16777619u;
  return hash ^ hash >> 15;
}

static void states_forget(struct regex_automaton *automaton) {
  for (uint32_t i = 0; i < automaton->count; i++) free(automaton->states[i]);
  if (automaton->table) memset(automaton->table, 0, TABLE_SIZE * sizeof *automaton->table);
  automaton->count = 0;
  automaton->memory = 0;
  automaton->forgotten++;
}

void regex_automaton_free(struct regex_automaton *automaton) {
  states_forget(automaton);
  free(automaton->states);
  free(automaton->table);
  free(automaton->stack);
  free(automaton->seen);
  free(automaton->next_seen);
  free(automaton->next);
}

static void *array_new(size_t count, size_t size) {
  void *array = calloc(count, size);
  REQUIRE(array != NULL);
  return array;
}

static void automaton_prepare(struct regex_automaton *automaton, const struct regex_program *program) {
  if (automaton->states) return;
  size_t steps = program->steps.len / sizeof(struct regex_step) + 1;
  automaton->states = array_new(STATES_MAX, sizeof(struct regex_state *));
  automaton->table = array_new(TABLE_SIZE, sizeof *automaton->table);
  automaton->stack = array_new(2 * steps, sizeof *automaton->stack);
  automaton->seen = array_new(steps, sizeof *automaton->seen);
  automaton->next_seen = array_new(steps, sizeof *automaton->next_seen);
  automaton->next = array_new(steps, sizeof *automaton->next);
}

static struct regex_state **table_slot(struct regex_automaton *automaton, const uint32_t *places, uint32_t count,
                                       unsigned before) {
  uint32_t at = hash_of(places, count, before) & (TABLE_SIZE - 1);
  for (; automaton->table[at]; at = (at + 1) & (TABLE_SIZE - 1)) {
    const struct regex_state *state = automaton->table[at];
    bool same = state->count == count && state->before == before;
    if (same && (count == 0 || memcmp(state->places, places, count * sizeof *places) == 0)) break;
  }
  return &automaton->table[at];
}

/* Forgets all others when they are too many. */
static const struct regex_state *state_of(struct regex_automaton *automaton, const struct regex_program *program,
                                          const uint32_t *places, uint32_t count, unsigned before) {
  struct regex_state **slot = table_slot(automaton, places, count, before);
  if (*slot) return *slot;
  if (automaton->memory > AUTOMATON_MEMORY || automaton->count >= STATES_MAX) {
    states_forget(automaton);
    slot = table_slot(automaton, places, count, before);
  }
  size_t symbols = program->class_count + MORE_SYMBOLS;
  size_t size = sizeof(struct regex_state) + symbols * sizeof(struct regex_state *) + count * sizeof(uint32_t);
  struct regex_state *state = array_new(1, size);
  automaton->states[automaton->count++] = state;
  automaton->memory += size;
  state->places = (uint32_t *)(void *)(state->next + symbols);
  state->count = count;
  state->before = (unsigned char)before;
  if (count > 0) memcpy(state->places, places, count * sizeof *places);
  return *slot = state;
}

/* ---- making a transition ---- */

struct move {
  const struct regex_program *program;
  struct regex_automaton *automaton;
  struct regex_place place;
  uint32_t count; /* of automaton->next */
  bool matches;
  uint32_t index; /* of the pattern that does */
};

static size_t step_follow(struct move *move, uint32_t at, uint32_t *stack) {
  const struct regex_step *step = (const struct regex_step *)(const void *)move->program->steps.data + at;
  const struct regex_set *sets = (const struct regex_set *)(const void *)move->program->sets.data;
  struct regex_automaton *automaton = move->automaton;
  switch (step->op) {
    case REGEX_OP_SET:
      if (move->place.after < 0 || !regex_set_has(&sets[step->x], (unsigned char)move->place.after)) return 0;
      if (automaton->next_seen[at + 1] == automaton->generation) return 0;
      automaton->next_seen[at + 1] = automaton->generation;
      automaton->next[move->count++] = at + 1;
      return 0;
    case REGEX_OP_SPLIT:
      stack[0] = step->y;
      stack[1] = step->x;
      return 2;
    case REGEX_OP_JUMP:
      stack[0] = step->x;
      return 1;
    case REGEX_OP_ASSERT:
      stack[0] = at + 1;
      return regex_assert_holds((enum regex_assert)step->x, &move->place);
    default:
      move->matches = true;
      move->index = step->x;
      return 0;
  }
}

static void place_follow(struct move *move, uint32_t at) {
  struct regex_automaton *automaton = move->automaton;
  size_t used = 1;
  automaton->stack[0] = at;
  while (used > 0 && !move->matches && automaton->left > 0) {
    at = automaton->stack[--used];
    automaton->left--;
    if (automaton->seen[at] == automaton->generation) continue;
    automaton->seen[at] = automaton->generation;
    used += step_follow(move, at, automaton->stack + used);
  }
}

static int compare(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static void generation_next(struct regex_automaton *automaton, const struct regex_program *program) {
  size_t size = (program->steps.len / sizeof(struct regex_step) + 1) * sizeof(uint32_t);
  if (++automaton->generation > 0) return;
  memset(automaton->seen, 0, size);
  memset(automaton->next_seen, 0, size);
  automaton->generation = 1;
}

/* May forget `state` and all others. */
static const struct regex_state *transition_make(const struct regex_program *program, struct regex_automaton *automaton,
                                                 struct regex_state *state, unsigned symbol) {
  bool end = symbol == program->class_count, last = symbol > program->class_count;
  int after = end ? -1 : last ? '\n' : program->samples[symbol];
  struct move move = {.program = program, .automaton = automaton, .place = {before_sample(state->before), after, last}};
  generation_next(automaton, program);
  for (uint32_t i = 0; i < state->count && !move.matches; i++) place_follow(&move, state->places[i]);
  if (!move.matches) place_follow(&move, 0);
  if (automaton->left == 0) return state_of(automaton, program, &(uint32_t){0}, 1, IS_MATCH); /* not remembered */
  if (move.matches) {
    move.count = 1;
    automaton->next[0] = move.index;
  }
  qsort(automaton->next, move.count, sizeof *automaton->next, compare);
  unsigned before = move.matches ? IS_MATCH : before_of(after);
  uint32_t forgotten = automaton->forgotten;
  const struct regex_state *next = state_of(automaton, program, automaton->next, move.count, before);
  if (automaton->forgotten == forgotten) state->next[symbol] = next;
  return next;
}

static const struct regex_state *transition(const struct regex_program *program, struct regex_automaton *automaton,
                                            const struct regex_state *state, unsigned symbol) {
  const struct regex_state *next = state->next[symbol];
  return next ? next : transition_make(program, automaton, (struct regex_state *)state, symbol);
}

/* ---- text ---- */

static bool is_match(const struct regex_state *state) {
  return state->before == IS_MATCH;
}

/* From a state over bytes, until a match has ended. `near`: the last place where nothing was under way. */
static const struct regex_state *bytes_run(const struct regex_program *program, struct regex_automaton *automaton,
                                           const struct regex_state *state, struct slice text, size_t at,
                                           size_t *near) {
  const unsigned char *bytes = (const unsigned char *)text.ptr;
  for (; at < text.len && !is_match(state); at++) {
    if (state->count == 0) *near = at;
    state = transition(program, automaton, state, program->classes[bytes[at]]);
  }
  return state;
}

/* What is under way may be a match that has ended with the last byte. */
static bool exists_so_far(const struct regex_state *state, struct slice text, size_t from, size_t *near) {
  bool line_end = text.len > from && text.ptr[text.len - 1] == '\n'; /* $ may hold before it */
  bool rests = !is_match(state) && state->count == 0 && !line_end;
  if (rests) *near = text.len;
  return !rests;
}

bool regex_exists(const struct regex_program *program, struct regex_automaton *automaton, struct slice text,
                  size_t from, bool goes_on, size_t *near) {
  automaton_prepare(automaton, program);
  int before = from > 0 ? (unsigned char)text.ptr[from - 1] : -1;
  const struct regex_state *state = state_of(automaton, program, NULL, 0, before_of(before));
  size_t line_end = text.len > from && text.ptr[text.len - 1] == '\n';
  *near = from;
  state = bytes_run(program, automaton, state, slice_make(text.ptr, text.len - line_end), from, near);
  if (goes_on) return exists_so_far(state, text, from, near);
  if (!is_match(state) && line_end) state = transition(program, automaton, state, program->class_count + 1);
  if (!is_match(state)) state = transition(program, automaton, state, program->class_count);
  return is_match(state);
}

static void position_save(struct regex_position *position, const struct regex_state *state, unsigned char before) {
  position->places = realloc(position->places, (state->count + 1) * sizeof *position->places);
  REQUIRE(position->places != NULL);
  if (state->count > 0) memcpy(position->places, state->places, state->count * sizeof *state->places);
  position->count = state->count;
  position->begun = true;
  position->before = before;
}

void regex_position_free(struct regex_position *position) {
  free(position->places);
  *position = (struct regex_position){0};
}

bool regex_exists_next(const struct regex_program *program, struct regex_automaton *automaton,
                       struct regex_position *position, struct slice text, unsigned *index) {
  automaton_prepare(automaton, program);
  if (text.len == 0) return false;
  unsigned before = before_of(position->begun ? position->before : -1);
  const struct regex_state *state = state_of(automaton, program, position->places, position->count, before);
  size_t near;
  state = bytes_run(program, automaton, state, text, 0, &near);
  *index = is_match(state) ? state->places[0] : 0;
  if (!is_match(state)) position_save(position, state, (unsigned char)text.ptr[text.len - 1]);
  return is_match(state);
}
