// SPDX-License-Identifier: Apache-2.0
#include "process/stay.h"

#include <stdlib.h>

#include "base/check.h"
#include "process/queue.h"
#include "process/worker.h"

static void stay_cut(struct call_tie *tie) {
  struct stay *stay = LIST_OWNER(tie, struct stay, tie);
  struct call *call = stay->call;
  list_init(&tie->link); /* it is off the call's list already */
  stay_leave(stay, &call->stays, HEALTH_NEITHER, -1, loop_now(&call->worker->loop));
}

static struct stay *stay_new(struct call *call) {
  if (call) return arena_alloc(exchange_arena(call->exchange), sizeof(struct stay));
  struct stay *stay = calloc(1, sizeof *stay);
  REQUIRE(stay != NULL);
  return stay;
}

/* A request counts once, whatever it is sent to. */
static void budget_count(struct call *call, const struct stay_place *place, uint64_t now) {
  if (call && call->budgeted) return;
  if (call) call->budgeted = true;
  health_budget_request(&place->health.health->budget, place->worker, now);
}

static struct stay *stay_open(struct call *call, struct stay **list, const struct stay_place *place,
                              const struct breaker_pass *pass, uint64_t now) {
  struct stay *stay = stay_new(call);
  stay->call = call;
  stay->place = place;
  stay->pass = *pass;
  stay->entered_at = call ? uv_hrtime() : now * 1000000;
  stay->next = *list;
  *list = stay;
  if (call) call_tie(call, &stay->tie, stay_cut);
  budget_count(call, place, now);
  return stay;
}

enum health_answer stay_enter(struct call *call, struct stay **list, const struct stay_place *place, uint64_t now,
                              struct stay **out) {
  struct breaker_pass pass = {0};
  if (call) call->accepted = false; /* nothing is paid for at a target that is not asked yet */
  enum health_answer answer = health_enter(&place->health, place->worker, now, &pass);
  if (answer == HEALTH_YES) *out = stay_open(call, list, place, &pass, now);
  return answer;
}

enum health_answer stay_enter_waited(struct call *call, const struct stay_place *place, uint64_t now,
                                     struct stay **out) {
  struct breaker_pass pass = {0};
  enum health_answer answer = health_enter_waited(&place->health, place->worker, now, &pass);
  if (answer == HEALTH_YES) *out = stay_open(call, &call->stays, place, &pass, now);
  return answer;
}

struct stay *stay_find(struct stay *list, const struct stay_place *place) {
  while (list && list->place != place) list = list->next;
  return list;
}

/* Without a call nobody knows whether it was a stream: it counts as both. */
static void measure_loose(const struct stay *stay, uint64_t now) {
  struct health_cell *cell = stay->place->health.cell;
  double ms = (double)now - (double)stay->entered_at / 1e6;
  health_average_add(&cell->first_token, ms, now);
  health_average_add(&cell->latency, ms, now);
  health_histogram_add(&cell->first, ms);
  health_histogram_add(&cell->whole, ms);
}

/* Of a stream counts how long its first content took, of another answer the whole of it. A stream of which nobody was
 * there to read a word says nothing. */
static void measure(const struct stay *stay, uint64_t now) {
  if (!stay->call) return measure_loose(stay, now);
  const struct call_notes *notes = &stay->call->notes;
  struct health_cell *cell = stay->place->health.cell;
  bool streamed = notes->streamed;
  if (streamed && notes->first_byte_at < stay->entered_at) return;
  uint64_t end = streamed ? notes->first_byte_at : uv_hrtime();
  double ms = (double)(end - stay->entered_at) / 1e6;
  health_average_add(streamed ? &cell->first_token : &cell->latency, ms, now);
  health_histogram_add(streamed ? &cell->first : &cell->whole, ms);
}

static void measure_least(struct health_average *average, struct health_histogram *histogram, double ms, uint64_t now) {
  struct health_average_view usual = health_average_read(average, now);
  if (usual.samples == 0 || ms <= usual.ms) return;
  health_average_add(average, ms, now);
  health_histogram_add(histogram, ms);
}

static void unlink_from(struct stay **list, struct stay *stay) {
  while (*list != stay) list = &(*list)->next;
  *list = stay->next;
}

enum breaker_change stay_leave(struct stay *stay, struct stay **list, enum health_verdict verdict, double hint_ms,
                               uint64_t now) {
  const struct stay_place *place = stay->place;
  if (verdict == HEALTH_OK) measure(stay, now);
  enum breaker_change change = health_leave(&place->health, place->worker, &stay->pass, verdict, hint_ms, now);
  unlink_from(list, stay);
  if (stay->call) {
    list_remove(&stay->tie.link);
    queue_offer(&stay->call->worker->queue, place);
  } else {
    free(stay);
  }
  return change;
}

void stay_lose(struct stay *stay, struct stay **list, bool streamed, uint64_t now) {
  struct health_cell *cell = stay->place->health.cell;
  double ms = (double)((stay->call ? uv_hrtime() : now * 1000000) - stay->entered_at) / 1e6;
  measure_least(streamed ? &cell->first_token : &cell->latency, streamed ? &cell->first : &cell->whole, ms, now);
  stay_leave(stay, list, HEALTH_NEITHER, -1, now);
}

const struct stay *stay_of(const struct stay *list, const void *sender) {
  for (const struct stay *stay = list; stay; stay = stay->next) {
    if (stay->sender == sender) return stay;
  }
  return list;
}

void stay_head(const struct call *call, const struct stay_place *place, const struct transfer_response *response) {
  struct worker *worker = call->worker;
  for (unsigned i = 0; place && i < response->field_count; i++) {
    const struct http_field *field = &response->fields[i];
    if (!health_quota_reads(field->name)) continue;
    health_quota_note(&place->health.cell->quota, field->name, field->value, loop_now(&worker->loop),
                      clock_unix(&worker->clock));
  }
}
