// SPDX-License-Identifier: Apache-2.0
#include "process/tell.h"

#include <stdio.h>

#include "codec/json.h"
#include "crypto/secret.h"
#include "events/events.h"
#include "process/call.h"
#include "process/worker.h"

/* ---- the desk ---- */

static bool turn_begin(void *user, unsigned listener, const char *key) {
  struct worker *worker = user;
  struct generation *generation = worker->generation;
  return generation && generation->deliver && generation->deliver(generation, listener, key);
}

static void id_draw(void *user, char id[EVENTS_ID_SIZE]) {
  const struct worker *worker = user;
  random_hex(worker->random, id, (EVENTS_ID_SIZE - 1) / 2);
  id[EVENTS_ID_SIZE - 1] = '\0';
}

void tell_open(struct worker *worker) {
  worker->events = events_open(&(struct events_options){.loop = &worker->loop,
                                                        .metrics = worker->metrics,
                                                        .redactor = log_redactor(worker->log),
                                                        .turn = turn_begin,
                                                        .draw_id = id_draw,
                                                        .user = worker});
}

void tell_nobody(struct worker *worker) {
  struct event_plans none;
  event_plans_init(&none);
  if (worker->events) events_follow(worker->events, &none);
}

/* ---- requests ---- */

static void optional_text(struct log_line *line, const char *key, struct slice value) {
  if (value.len > 0) log_line_text(line, key, value);
}

static void flag(struct log_line *line, const char *key, bool value) {
  log_line_raw(line, key, value ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
}

static void milliseconds(struct log_line *line, const char *key, uint64_t from, uint64_t to) {
  log_line_integer(line, key, (long long)((to - from + 500000) / 1000000));
}

static void tell_route(struct log_line *line, const struct call *call) {
  const struct call_notes *notes = &call->notes;
  log_line_text(line, "trace_id", slice_make(call->trace_id, 32));
  log_line_text(line, "endpoint", slice_text(call->route->endpoint));
  log_line_text(line, "provider", notes->provider);
  optional_text(line, "target", notes->target);
  log_line_text(line, "model", notes->model);
  if (!slice_equal(notes->requested, notes->model)) optional_text(line, "requested_model", notes->requested);
  log_line_integer(line, "attempts", notes->attempts);
  optional_text(line, "variant", notes->variant);
}

static void tell_course(struct log_line *line, const struct exchange *exchange, const struct call *call, uint64_t now,
                        int status) {
  uint64_t started = exchange_started(exchange), first = call->notes.first_byte_at;
  log_line_integer(line, "status", status);
  milliseconds(line, "latency_ms", started, now);
  flag(line, "stream", call->notes.streamed);
  if (call->notes.streamed && first > started) milliseconds(line, "first_token_ms", started, first);
  if (call->identity) log_line_text(line, "key_id", slice_text(call->identity->id));
  if (call->generation) log_line_integer(line, "generation", (long long)call->generation->number);
}

static long long or_none(long long count) {
  return count > 0 ? count : 0;
}

/* Of a stream that was cut nobody has told the parts: its tokens are known, and what one costs. */
static double cost_part(const struct call_notes *notes, enum call_cost part) {
  double total = 0;
  for (int i = 0; i < CALL_COSTS; i++) total += notes->costs[i];
  if (total > 0 || notes->cost <= 0) return notes->costs[part];
  if (part == COST_INPUT && notes->price_in > 0) return (double)or_none(notes->tokens_in) * notes->price_in;
  if (part == COST_OUTPUT && notes->price_out > 0) return (double)or_none(notes->tokens_out) * notes->price_out;
  return 0;
}

static void tell_costs(struct log_line *line, const struct call_notes *notes) {
  static const char *const names[CALL_COSTS] = {
      [COST_INPUT] = "cost_input_usd",           [COST_OUTPUT] = "cost_output_usd",
      [COST_CACHE_READ] = "cost_cache_read_usd", [COST_CACHE_WRITE] = "cost_cache_write_usd",
      [COST_REASONING] = "cost_reasoning_usd",   [COST_IMAGE] = "cost_image_usd",
      [COST_AUDIO] = "cost_audio_usd",           [COST_EMBEDDING] = "cost_embedding_usd"};
  for (int i = 0; i < CALL_COSTS; i++) {
    if (i >= COST_IMAGE && notes->streamed) return; /* of streams they are not told */
    log_line_number(line, names[i], cost_part(notes, (enum call_cost)i) / 1e12);
  }
}

/* What was used is told of failures, too: who left early has used something. */
static void tell_usage(struct log_line *line, const struct call_notes *notes) {
  log_line_integer(line, "tokens_in", or_none(notes->tokens_in));
  log_line_integer(line, "tokens_out", or_none(notes->tokens_out));
  flag(line, "estimated", notes->estimated);
  log_line_number(line, "cost_usd", (double)or_none(notes->cost) / 1e6);
  flag(line, "cost_model_found", notes->cost >= 0);
}

static bool is_any(struct slice code, const char *one, const char *other) {
  return slice_equal(code, slice_text(one)) || slice_equal(code, slice_text(other));
}

/* Whose doing the end is: "client", "plugin", "upstream" (somebody was asked) or "gateway". */
static struct slice ender(const struct exchange *exchange, const struct call_notes *notes) {
  if (exchange_client_gone(exchange)) return SLICE_LITERAL("client");
  if (notes->rejected || slice_equal(notes->error_type, SLICE_LITERAL("plugin_error"))) return SLICE_LITERAL("plugin");
  bool own = notes->attempts == 0 || is_any(notes->code, "shutting_down", "script_error");
  return own ? SLICE_LITERAL("gateway") : SLICE_LITERAL("upstream");
}

static void tell_failure(struct log_line *line, const struct exchange *exchange, const struct call *call) {
  const struct call_notes *notes = &call->notes;
  bool gone = exchange_client_gone(exchange);
  struct slice code = gone ? SLICE_LITERAL("client_closed_request") : notes->code;
  log_line_text(line, "error", notes->failure.len > 0 && !gone ? notes->failure : code);
  log_line_text(line, "error_code", code);
  log_line_text(line, "ended_by", ender(exchange, notes));
}

void tell_request(struct worker *worker, const struct exchange *exchange, const struct call *call, uint64_t now,
                  int status) {
  bool failed = status >= 400 || call->notes.incomplete || call->notes.rejected;
  enum event_subject subject = failed ? EVENT_REQUEST_FAILED : EVENT_REQUEST_COMPLETED;
  if (!worker->events || !events_wanted(worker->events, subject)) return;
  struct log_line *line = events_begin(worker->events, subject);
  tell_route(line, call);
  tell_course(line, exchange, call, now, status);
  tell_usage(line, &call->notes);
  if (failed) {
    tell_failure(line, exchange, call);
  } else {
    tell_costs(line, &call->notes);
  }
  events_end(worker->events, subject);
}

/* ---- generations ---- */

static void tell_change(struct worker *worker, const struct generation *generation, uint64_t previous) {
  struct generations *shared = worker->desk.shared;
  bool back = generation->number < previous;
  enum event_subject subject = back ? EVENT_RELOAD_ROLLED_BACK : EVENT_RELOAD_APPLIED;
  struct log_line *line = events_begin(worker->events, subject);
  int left = generations_find(shared, previous);
  log_line_integer(line, "generation", (long long)generation->number);
  log_line_text(line, "id", slice_text(shared->slots[generation->slot].id));
  log_line_integer(line, "previous", (long long)previous);
  if (back && left >= 0) log_line_text(line, "reason", slice_text(shared->slots[left].note));
  if (!back) log_line_text(line, "changed", slice_text(shared->slots[generation->slot].changed));
  events_end(worker->events, subject);
}

void tell_generation(struct worker *worker, const struct generation *generation) {
  if (!worker->events) return;
  events_follow(worker->events, &generation->listeners);
  if (worker->index > 0) return;
  uint64_t told = atomic_exchange(&worker->desk.shared->told, generation->number);
  if (told > 0 && told != generation->number) tell_change(worker, generation, told);
}

/* The first reason of a report, as JSON has it. */
static void tell_reason(struct log_line *line, struct slice report) {
  static const struct {
    const char *key;
    struct json_step steps[3];
  } parts[] = {{"file", {{SLICE_LITERAL("reasons"), -1}, {{0}, 0}, {SLICE_LITERAL("file"), -1}}},
               {"reason", {{SLICE_LITERAL("reasons"), -1}, {{0}, 0}, {SLICE_LITERAL("message"), -1}}}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    struct slice raw;
    struct buffer text = {0};
    if (!json_find(report, parts[i].steps, 3, &raw) || json_type_of(raw) != JSON_STRING) continue;
    json_string_decode(raw, &text);
    log_line_text(line, parts[i].key, buffer_slice(&text));
    buffer_free(&text);
  }
}

void tell_refused(struct worker *worker) {
  struct generations *shared = worker->desk.shared;
  if (!worker->events || !shared || worker->index > 0) return;
  uint64_t rejections = atomic_load(&shared->rejections);
  if (rejections % 2 != 0 || rejections <= atomic_load(&shared->told_rejections)) return;
  atomic_store(&shared->told_rejections, rejections);
  struct buffer report = {0};
  int64_t at_ms;
  struct log_line *line = events_begin(worker->events, EVENT_RELOAD_REFUSED);
  if (worker->generation) log_line_integer(line, "generation", (long long)worker->generation->number);
  if (generations_rejected(shared, &report, &at_ms)) tell_reason(line, buffer_slice(&report));
  events_end(worker->events, EVENT_RELOAD_REFUSED);
  buffer_free(&report);
}
