// SPDX-License-Identifier: Apache-2.0
#include "process/access.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "process/call.h"
#include "process/gone.h"
#include "process/tell.h"
#include "process/worker.h"

enum { STATUS_SUCCESS, STATUS_ERROR, STATUS_REJECTED, STATUSES, CLIENT_CLOSED = 499 };

/* The series of one provider and model, looked up once: gateway-api section 6.1. */
struct route_series {
  struct metric *requests[STATUSES];
  struct metric *duration, *first_token, *tokens_in, *tokens_out;
  struct metric *cost;       /* null before the first that is known */
  struct route_series *next; /* all of a worker's, for freeing */
  size_t provider_len, model_len;
  char labels[]; /* the provider's, then the model's */
};

static struct slice or_text(struct slice value, const char *otherwise) {
  return value.len > 0 ? value : slice_text(otherwise);
}

/* What a cost is added to: there is no such series, rather than one of 0, while no price is known. */
static struct metric *cost_series(struct worker *worker, const struct route_series *series) {
  struct buffer shown = {0};
  struct slice provider = slice_make(series->labels, series->provider_len);
  log_redact(worker->log, slice_make(series->labels + series->provider_len, series->model_len), &shown);
  struct slice labels[2] = {provider, buffer_slice(&shown)};
  struct metric *metric = metrics_series(worker->metrics, METRIC_COST, labels, 2);
  buffer_free(&shown);
  return metric;
}

/* `model` may be anything a client wrote where a provider takes every name: a key, too. */
static struct route_series *series_make(struct worker *worker, struct slice provider, struct slice model) {
  static const char *const names[STATUSES] = {"success", "error", "rejected"};
  struct route_series *series = calloc(1, sizeof *series + provider.len + model.len);
  REQUIRE(series != NULL);
  series->provider_len = provider.len;
  series->model_len = model.len;
  memcpy(series->labels, provider.ptr, provider.len);
  memcpy(series->labels + provider.len, model.ptr, model.len);
  struct buffer shown = {0};
  log_redact(worker->log, model, &shown);
  struct slice labels[3] = {provider, buffer_slice(&shown)};
  for (int i = 0; i < STATUSES; i++) {
    labels[2] = slice_text(names[i]);
    series->requests[i] = metrics_series(worker->metrics, METRIC_REQUESTS, labels, 3);
  }
  series->duration = metrics_series(worker->metrics, METRIC_DURATION, labels, 2);
  series->first_token = metrics_series(worker->metrics, METRIC_FIRST_TOKEN, labels, 2);
  series->tokens_in = metrics_series(worker->metrics, METRIC_TOKENS_IN, labels, 2);
  series->tokens_out = metrics_series(worker->metrics, METRIC_TOKENS_OUT, labels, 2);
  buffer_free(&shown);
  series->next = map_get(&worker->series, SLICE_LITERAL(""));
  map_set(&worker->series, SLICE_LITERAL(""), series);
  return series;
}

enum { SERIES_CACHED_MAX = 2000, SERIES_KEY_MAX = 256 };

static struct route_series *series_of(struct worker *worker, struct slice provider, struct slice model) {
  char key[SERIES_KEY_MAX];
  if (provider.len + 1 + model.len > sizeof key) model = SLICE_LITERAL("other");
  if (provider.len + 1 + model.len > sizeof key) provider = SLICE_LITERAL("other");
  memcpy(key, provider.ptr, provider.len);
  key[provider.len] = '\0';
  memcpy(key + provider.len + 1, model.ptr, model.len);
  struct slice name = slice_make(key, provider.len + 1 + model.len);
  struct route_series *series = map_get(&worker->series, name);
  if (series) return series;
  if (worker->series.count >= SERIES_CACHED_MAX && !slice_equal(model, SLICE_LITERAL("other"))) {
    return series_of(worker, SLICE_LITERAL("other"), SLICE_LITERAL("other"));
  }
  series = series_make(worker, provider, model);
  map_set(&worker->series, name, series);
  return series;
}

void access_close(struct worker *worker) {
  struct route_series *series = map_get(&worker->series, SLICE_LITERAL(""));
  while (series) {
    struct route_series *next = series->next;
    free(series);
    series = next;
  }
  map_free(&worker->series);
}

static void metrics_record(struct worker *worker, struct exchange *exchange, const struct call *call, uint64_t now,
                           int status) {
  const struct call_notes *notes = &call->notes;
  struct slice provider = or_text(notes->provider, "none");
  struct route_series *series = series_of(worker, provider, or_text(notes->model, "unknown"));
  int outcome = notes->rejected ? STATUS_REJECTED : status >= 400 || notes->incomplete ? STATUS_ERROR : STATUS_SUCCESS;
  uint64_t started = exchange_started(exchange);
  metric_add(series->requests[outcome], 1);
  metric_observe(series->duration, (now - started) / 1000);
  if (notes->streamed && notes->first_byte_at > started) {
    metric_observe(series->first_token, (notes->first_byte_at - started) / 1000);
  }
  if (notes->tokens_in > 0) metric_add(series->tokens_in, (uint64_t)notes->tokens_in);
  if (notes->tokens_out > 0) metric_add(series->tokens_out, (uint64_t)notes->tokens_out);
  if (notes->cost >= 0) {
    if (!series->cost) series->cost = cost_series(worker, series);
    metric_add(series->cost, (uint64_t)notes->cost);
  }
  if (notes->variant.len > 0) {
    struct slice labels[] = {notes->variant, or_text(notes->target, "none")};
    metric_add(metrics_series(worker->metrics, METRIC_VARIANTS, labels, 2), 1);
  }
  struct slice error_type = exchange_client_gone(exchange) ? SLICE_LITERAL("client_canceled") : notes->error_type;
  if (error_type.len > 0) {
    struct slice labels[] = {provider, error_type};
    metric_add(metrics_series(worker->metrics, METRIC_PROVIDER_ERRORS, labels, 2), 1);
  }
}

static void refusal_record(struct worker *worker, const char *code) {
  struct slice label = slice_text(code);
  metric_add(metrics_series(worker->metrics, METRIC_HTTP_REFUSED, &label, 1), 1);
}

static void optional_text(struct log *log, const char *key, struct slice value) {
  if (value.len > 0) log_text(log, key, value);
}

/* Micro-dollars as dollars, exactly. */
static void log_cost(struct log *log, long long cost) {
  char text[32];
  if (cost < 0) return log_raw(log, "cost_usd", SLICE_LITERAL("null"));
  int len = snprintf(text, sizeof text, "%lld.%06lld", cost / 1000000, cost % 1000000);
  while (text[len - 1] == '0') len--;
  if (text[len - 1] == '.') len--;
  log_raw(log, "cost_usd", slice_make(text, (size_t)len));
}

static void log_call(struct log *log, const struct exchange *exchange, const struct call *call) {
  const struct call_notes *notes = &call->notes;
  optional_text(log, "provider", notes->provider);
  optional_text(log, "target", notes->target);
  optional_text(log, "variant", notes->variant);
  optional_text(log, "model", notes->model);
  if (!slice_equal(notes->requested, notes->model)) optional_text(log, "requested_model", notes->requested);
  if (notes->counted) log_raw(log, "stream", notes->streamed ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
  optional_text(log, "hedge", notes->hedge);
  if (notes->attempts > 1) log_integer(log, "attempts", notes->attempts);
  if (notes->tokens_in >= 0) log_integer(log, "tokens_in", notes->tokens_in);
  if (notes->tokens_out >= 0) log_integer(log, "tokens_out", notes->tokens_out);
  if (notes->estimated) log_raw(log, "usage_estimated", SLICE_LITERAL("true"));
  if (notes->counted && notes->provider.len > 0) log_cost(log, notes->cost);
  if (notes->streamed && notes->first_byte_at > exchange_started(exchange)) {
    log_decimal(log, "ttft_ms", (double)(notes->first_byte_at - exchange_started(exchange)) / 1e6, 3);
  }
  const struct generation *generation = call->generation ? call->generation : call->worker->generation;
  if (generation) log_integer(log, "generation", (long long)generation->number);
  if (call->identity) log_text(log, "key_id", slice_text(call->identity->id));
  optional_text(log, "error_code", notes->code);
  if (exchange_client_gone(exchange)) log_text(log, "client_gone", slice_text(call_gone_name(call)));
}

static void line_write(struct log *log, struct exchange *exchange, const struct call *call, uint64_t now, int status) {
  enum log_level level = status >= 500 ? LOG_ERROR : status >= 400 ? LOG_WARN : LOG_INFO;
  if (call && call->route->class == ROUTE_PROBE && status < 400) level = LOG_DEBUG;
  if (!log_enabled(log, level)) return;
  const struct http_request *request = exchange_request(exchange);
  log_begin(log, level, "http request");
  if (call) log_text(log, "trace_id", slice_make(call->trace_id, 32));
  optional_text(log, "method", request->method);
  optional_text(log, "path", request->path);
  log_integer(log, "status", status);
  log_integer(log, "bytes", (long long)exchange_bytes_sent(exchange));
  log_decimal(log, "duration_ms", (double)(now - exchange_started(exchange)) / 1e6, 3);
  log_text(log, "remote", exchange_remote(exchange));
  if (call) log_call(log, exchange, call);
  if (exchange_error_code(exchange)) log_text(log, "error_code", slice_text(exchange_error_code(exchange)));
  log_end(log);
}

/* The routed request once more for those who read 1.4's log; debug only (gateway-api 6.2). */
static void completed_write(struct log *log, const struct exchange *exchange, const struct call *call, uint64_t now,
                            int status) {
  if (!log_enabled(log, LOG_DEBUG) || status >= 400) return;
  log_begin(log, LOG_DEBUG, "request completed");
  log_text(log, "trace_id", slice_make(call->trace_id, 32));
  log_text(log, "model", call->notes.model);
  log_text(log, "provider", call->notes.provider);
  log_decimal(log, "latency_ms", (double)(now - exchange_started(exchange)) / 1e6, 3);
  log_integer(log, "tokens_in", call->notes.tokens_in > 0 ? call->notes.tokens_in : 0);
  log_integer(log, "tokens_out", call->notes.tokens_out > 0 ? call->notes.tokens_out : 0);
  log_cost(log, call->notes.cost);
  log_end(log);
}

/* A routed request that no target has answered (gateway-api 6.2). */
static void failed_write(struct log *log, const struct exchange *exchange, const struct call *call, uint64_t now) {
  if (call->notes.failure.len == 0 || !log_enabled(log, LOG_ERROR)) return;
  log_begin(log, LOG_ERROR, "request failed");
  log_text(log, "trace_id", slice_make(call->trace_id, 32));
  log_text(log, "model", call->notes.requested);
  log_decimal(log, "latency_ms", (double)(now - exchange_started(exchange)) / 1e6, 3);
  log_text(log, "error", call->notes.failure);
  log_end(log);
}

void access_record(struct worker *worker, struct exchange *exchange, const struct call *call) {
  uint64_t now = uv_hrtime();
  int status = exchange_client_gone(exchange) ? CLIENT_CLOSED : exchange_status(exchange);
  if (exchange_error_code(exchange)) refusal_record(worker, exchange_error_code(exchange));
  if (call && call->notes.counted) metrics_record(worker, exchange, call, now, status);
  line_write(worker->log, exchange, call, now, status);
  if (call && call->notes.counted) completed_write(worker->log, exchange, call, now, status);
  if (call && call->notes.counted) tell_request(worker, exchange, call, now, status);
  if (call) failed_write(worker->log, exchange, call, now);
}
