// SPDX-License-Identifier: Apache-2.0
#include "shared/health.h"

/* ---- not before ---- */

enum { HELD_STEPS_MASK = 0xffff, HINT_MAX_MS = 60000, HELD_FIRST_MS = 500, HELD_MAX_MS = 30000, HELD_STEPS = 6 };

static uint64_t held_make(uint64_t until, uint64_t steps) {
  return until << 16 | (steps & HELD_STEPS_MASK);
}

uint64_t health_held(const struct health_cell *cell, uint64_t now) {
  uint64_t until = atomic_load(&cell->held) >> 16;
  return until > now ? until : 0;
}

/* Where nobody says how long: one refusal among good answers is no reason to leave a target alone. */
static uint64_t pause_of(uint64_t steps) {
  uint64_t first = HELD_FIRST_MS;
  if (steps == 0) return 0;
  return steps <= HELD_STEPS ? first << (steps - 1) : HELD_MAX_MS;
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
