// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/health.h"

/* What is known of cells. Milliseconds; what is unknown is absent in figures and -1 in read.
 *   cell:figures() -> { circuit = "closed" | "open" | "half-open" (nil: it has no breaker), open_ms, failures,
 *     in_flight, queued, throttled_ms, unhealthy, latency_ms, first_token_ms, samples, age_ms, p95_ms,
 *     first_token_p95_ms, limit_requests, limit_tokens, remaining_requests, remaining_tokens, reset_ms }
 *   read(cells, what, out)   "latency", "first_token": averages; "samples", "age": of both; "in_flight": at the target;
 *     "queued"; "circuit": 0 closed, 1 open, 2 half-open, -1 without a breaker; "remaining": the share of the limit
 *     of the upstream's own that is left, 0 to 1; "p95", "first_token_p95" */

/* ---- one by one ---- */

static void field(lua_State *L, const char *name, double value) {
  if (value < 0) return;
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static double left(uint64_t until, uint64_t now) {
  return until > now ? (double)(until - now) : -1;
}

static void circuit_fields(lua_State *L, const struct health_place *place, uint64_t now) {
  static const char *const states[] = {"closed", "open", "half-open"};
  if (!place->guarded) return;
  struct breaker_view view = breaker_look(&place->cell->breaker, &place->breaker, now);
  lua_pushstring(L, states[view.state]);
  lua_setfield(L, -2, "circuit");
  field(L, "open_ms", left(view.until_ms, now));
  field(L, "failures", (double)view.failures);
}

static double newer_age(const struct health_average_view *one, const struct health_average_view *other) {
  if (one->age_ms < 0) return other->age_ms;
  return other->age_ms < 0 || one->age_ms < other->age_ms ? one->age_ms : other->age_ms;
}

static void latency_fields(lua_State *L, const struct health_cell *cell, uint64_t now) {
  struct health_average_view whole = health_average_read(&cell->latency, now);
  struct health_average_view first = health_average_read(&cell->first_token, now);
  field(L, "latency_ms", whole.ms);
  field(L, "first_token_ms", first.ms);
  field(L, "samples", (double)whole.samples + first.samples);
  field(L, "age_ms", newer_age(&whole, &first));
  field(L, "p95_ms", health_histogram_quantile(&cell->whole, 0.95));
  field(L, "first_token_p95_ms", health_histogram_quantile(&cell->first, 0.95));
}

static void quota_fields(lua_State *L, const struct health_cell *cell, uint64_t now) {
  struct health_quota_view quota = health_quota_read(&cell->quota, now);
  field(L, "limit_requests", quota.limit[QUOTA_REQUESTS]);
  field(L, "limit_tokens", quota.limit[QUOTA_TOKENS]);
  field(L, "remaining_requests", quota.remaining[QUOTA_REQUESTS]);
  field(L, "remaining_tokens", quota.remaining[QUOTA_TOKENS]);
  field(L, "reset_ms", quota.reset_ms);
}

static void push_figures(lua_State *L, const struct health_place *place, uint64_t now) {
  struct health_load load = health_load(place->health, place->target);
  lua_createtable(L, 0, 20);
  circuit_fields(L, place, now);
  field(L, "in_flight", load.in_flight);
  field(L, "queued", load.waiting);
  field(L, "throttled_ms", left(health_held(place->cell, now), now));
  lua_pushboolean(L, atomic_load(&place->target->unhealthy));
  lua_setfield(L, -2, "unhealthy");
  latency_fields(L, place->cell, now);
  quota_fields(L, place->cell, now);
}

int bind_cell_figures(lua_State *L) {
  push_figures(L, &bind_cell(L, 1)->place.health, bind_health_now(L));
  return 1;
}

static void push_cell(lua_State *L, const struct cell *cell, uint64_t now) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, cell->target->label);
  lua_setfield(L, -2, "label");
  if (cell->target != cell) {
    lua_pushstring(L, cell->label);
    lua_setfield(L, -2, "model");
  }
  push_figures(L, &cell->place.health, now);
  lua_setfield(L, -2, "figures");
}

int bind_health_cells(lua_State *L) {
  uint64_t now = bind_health_now(L);
  int count = 0;
  lua_newtable(L);
  for (const struct cell *target = bind_health_book(L)->targets; target; target = target->next) {
    push_cell(L, target, now);
    lua_rawseti(L, -2, ++count);
    for (const struct cell *model = target->models; model; model = model->next) {
      push_cell(L, model, now);
      lua_rawseti(L, -2, ++count);
    }
  }
  return 1;
}

/* ---- many at once ---- */

static double read_latency(const struct health_place *place, uint64_t now) {
  return health_average_read(&place->cell->latency, now).ms;
}

static double read_first_token(const struct health_place *place, uint64_t now) {
  return health_average_read(&place->cell->first_token, now).ms;
}

static double read_samples(const struct health_place *place, uint64_t now) {
  (void)now;
  return (double)atomic_load(&place->cell->latency.samples) + atomic_load(&place->cell->first_token.samples);
}

static double read_whole_samples(const struct health_place *place, uint64_t now) {
  (void)now;
  return atomic_load(&place->cell->latency.samples);
}

static double read_first_samples(const struct health_place *place, uint64_t now) {
  (void)now;
  return atomic_load(&place->cell->first_token.samples);
}

static double read_age(const struct health_place *place, uint64_t now) {
  struct health_average_view whole = health_average_read(&place->cell->latency, now);
  struct health_average_view first = health_average_read(&place->cell->first_token, now);
  return newer_age(&whole, &first);
}

static double read_in_flight(const struct health_place *place, uint64_t now) {
  (void)now;
  return health_in_flight(place->health, place->target);
}

static double read_queued(const struct health_place *place, uint64_t now) {
  (void)now;
  return health_load(place->health, place->target).waiting;
}

static double read_remaining(const struct health_place *place, uint64_t now) {
  return health_quota_read(&place->cell->quota, now).share;
}

static double read_p95(const struct health_place *place, uint64_t now) {
  (void)now;
  return health_histogram_quantile(&place->cell->whole, 0.95);
}

static double read_first_token_p95(const struct health_place *place, uint64_t now) {
  (void)now;
  return health_histogram_quantile(&place->cell->first, 0.95);
}

static double read_circuit(const struct health_place *place, uint64_t now) {
  if (!place->guarded) return -1;
  return (double)breaker_look(&place->cell->breaker, &place->breaker, now).state;
}

health_figure bind_health_figure(lua_State *L, int index) {
  static const char *const names[] = {
      "latency", "first_token",     "samples",       "age",           "in_flight", "remaining", "queued",
      "p95",     "first_token_p95", "whole_samples", "first_samples", "circuit",   NULL};
  static const health_figure reads[] = {read_latency,         read_first_token,   read_samples,       read_age,
                                        read_in_flight,       read_remaining,     read_queued,        read_p95,
                                        read_first_token_p95, read_whole_samples, read_first_samples, read_circuit};
  return reads[luaL_checkoption(L, index, NULL, names)];
}

int bind_health_read(lua_State *L) {
  health_figure read = bind_health_figure(L, 2);
  uint64_t now = bind_health_now(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  int count = (int)lua_objlen(L, 1);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, 1, i);
    lua_pushnumber(L, read(&bind_cell(L, -1)->place.health, now));
    lua_rawseti(L, 3, i);
    lua_pop(L, 1);
  }
  return 0;
}
