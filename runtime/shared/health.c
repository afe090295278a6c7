// SPDX-License-Identifier: Apache-2.0
#include "shared/health.h"

#include "base/map.h"

/* ---- the area ---- */

static size_t head_size(void) {
  return (sizeof(struct health) + 63) & ~(size_t)63;
}

/* A cell's columns begin with a cache line of their own. */
static size_t stride_of(unsigned workers) {
  size_t line = 64 / sizeof(struct health_column);
  return (workers + line - 1) / line * line;
}

size_t health_size(unsigned workers) {
  return head_size() + stride_of(workers) * sizeof(struct health_column) * (HEALTH_CELLS + 1);
}

struct health *health_open(void *memory, unsigned workers) {
  struct health *health = memory;
  health->workers = workers;
  health->stride = stride_of(workers);
  health->columns = (struct health_column *)(void *)((char *)memory + head_size());
  return health;
}

/* ---- cells ---- */

/* Takes it unless somebody was faster; `made` is set when it was nobody's. */
static bool cell_claim(struct health_cell *cell, uint64_t hash, bool *made) {
  uint64_t found = 0;
  *made = atomic_compare_exchange_strong(&cell->hash, &found, hash);
  return *made || found == hash;
}

/* Whose hash it is, or with `made` who may have it now. Null: nobody has it, or there is no room. */
static struct health_cell *cell_find(struct health *health, uint64_t hash, bool *made) {
  for (size_t i = 0; i < HEALTH_CELLS; i++) {
    struct health_cell *cell = &health->cells[(hash + i) % HEALTH_CELLS];
    uint64_t found = atomic_load(&cell->hash);
    if (found == hash) return cell;
    if (found != 0) continue;
    if (!made) return NULL;
    if (cell_claim(cell, hash, made)) return cell;
  }
  return NULL;
}

static uint64_t key_hash(struct slice key) {
  uint64_t hash = map_hash(key);
  return hash != 0 ? hash : 1;
}

struct health_cell *health_find(struct health *health, struct slice key) {
  bool made = false;
  struct health_cell *cell = cell_find(health, key_hash(key), &made);
  return cell ? cell : &health->cells[HEALTH_CELLS];
}

bool health_is_shared(const struct health *health, const struct health_cell *cell) {
  return cell == &health->cells[HEALTH_CELLS];
}

struct health_cell *health_find_model(struct health *health, struct health_cell *target, struct slice model) {
  uint64_t parts[2] = {atomic_load(&target->hash), map_hash(model)};
  uint64_t hash = key_hash(slice_make((const char *)parts, sizeof parts));
  struct health_cell *cell = cell_find(health, hash, NULL);
  bool made = false;
  if (cell) return cell;
  if (health_is_shared(health, target) || atomic_load(&target->models) >= HEALTH_MODELS_MAX) return target;
  cell = cell_find(health, hash, &made);
  if (made) atomic_fetch_add(&target->models, 1);
  return cell ? cell : target;
}

void health_forget(struct health *health, unsigned worker) {
  for (size_t i = 0; i < HEALTH_CELLS; i++) {
    struct health_cell *cell = &health->cells[i];
    if (atomic_load(&cell->hash) == 0) continue;
    struct health_column *column = health_column(health, cell, worker);
    atomic_store(&column->in_flight, 0);
    atomic_store(&column->waiting, 0);
    atomic_store(&column->oldest, 0);
    breaker_forget(&cell->breaker, worker);
  }
}

/* ---- not before ---- */

enum { HELD_STEPS_MASK = 0xffff, HINT_MAX_MS = 60000, HELD_FIRST_MS = 1000, HELD_MAX_MS = 30000 };

static uint64_t held_make(uint64_t until, uint64_t steps) {
  return until << 16 | (steps & HELD_STEPS_MASK);
}

uint64_t health_held(const struct health_cell *cell, uint64_t now) {
  uint64_t until = atomic_load(&cell->held) >> 16;
  return until > now ? until : 0;
}

static uint64_t pause_of(uint64_t steps) {
  uint64_t first = HELD_FIRST_MS;
  return steps < 5 ? first << steps : HELD_MAX_MS;
}

/* Calls that were under way together are told so together: only one that came after the pause doubles it. */
static void held_set(struct health_cell *cell, double hint_ms, uint64_t now) {
  uint64_t word = atomic_load(&cell->held), next;
  do {
    uint64_t until = word >> 16, steps = word & HELD_STEPS_MASK;
    bool again = until <= now;
    uint64_t pause = pause_of(again || steps == 0 ? steps : steps - 1);
    if (hint_ms >= 0) pause = (uint64_t)(hint_ms < HINT_MAX_MS ? hint_ms : HINT_MAX_MS);
    if (until < now + pause) until = now + pause;
    next = held_make(until, steps + again < HELD_STEPS_MASK ? steps + again : steps);
  } while (!atomic_compare_exchange_weak(&cell->held, &word, next));
}

static void held_end(struct health_cell *cell, uint64_t now) {
  uint64_t word = atomic_load(&cell->held);
  if (word != 0 && word >> 16 <= now) atomic_compare_exchange_strong(&cell->held, &word, 0);
}

/* ---- in and out ---- */

static bool is_busy(const struct health_place *place) {
  if (place->limit == 0) return false;
  struct health_load load = health_load(place->health, place->target);
  return load.waiting > 0 || load.in_flight >= place->limit;
}

enum health_answer health_look(const struct health_place *place, uint64_t now, uint64_t *until) {
  *until = 0;
  if (place->guarded && !breaker_is_closed(&place->cell->breaker)) {
    struct breaker_view view = breaker_look(&place->cell->breaker, &place->breaker, now);
    *until = view.until_ms;
    if (view.refuses) return HEALTH_OPEN;
  }
  if (atomic_load(&place->target->unhealthy)) return HEALTH_UNHEALTHY;
  if (is_busy(place)) return HEALTH_BUSY;
  *until = health_held(place->cell, now);
  return *until > 0 ? HEALTH_HELD : HEALTH_YES;
}

enum health_answer health_enter_waited(const struct health_place *place, unsigned worker, uint64_t now,
                                       struct breaker_pass *pass) {
  struct breaker *breaker = &place->cell->breaker;
  if (atomic_load(&place->target->unhealthy)) return HEALTH_UNHEALTHY;
  bool closed = !place->guarded || breaker_is_closed(breaker);
  if (!closed && breaker_look(breaker, &place->breaker, now).refuses) return HEALTH_OPEN;
  if (!health_slot_take(place->health, place->target, worker, place->limit)) return HEALTH_BUSY;
  if (!place->guarded || breaker_enter(breaker, &place->breaker, worker, now, pass)) return HEALTH_YES;
  health_slot_give(place->health, place->target, worker);
  return HEALTH_OPEN;
}

/* Nobody overtakes those who wait. */
enum health_answer health_enter(const struct health_place *place, unsigned worker, uint64_t now,
                                struct breaker_pass *pass) {
  bool queued = place->limit > 0 && health_load(place->health, place->target).waiting > 0;
  return queued ? HEALTH_BUSY : health_enter_waited(place, worker, now, pass);
}

enum breaker_change health_leave(const struct health_place *place, unsigned worker, const struct breaker_pass *pass,
                                 enum health_verdict verdict, double hint_ms, uint64_t now) {
  static const enum breaker_outcome outcomes[] = {BREAKER_OK, BREAKER_FAILURE, BREAKER_NEITHER, BREAKER_NEITHER};
  enum breaker_change change = BREAKER_SAME;
  if (verdict == HEALTH_THROTTLED) held_set(place->cell, hint_ms, now);
  if (verdict == HEALTH_OK) held_end(place->cell, now);
  if (place->guarded) change = breaker_leave(&place->cell->breaker, &place->breaker, pass, outcomes[verdict], now);
  health_slot_give(place->health, place->target, worker);
  return change;
}
