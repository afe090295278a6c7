// SPDX-License-Identifier: Apache-2.0
#include "process/record_take.h"

#include "crypto/secret.h"
#include "process/call.h"
#include "process/record.h"
#include "process/recorder.h"
#include "process/worker.h"

/* Only the model routes: administration shows keys. */
static bool is_sampled(const struct call *call) {
  return call->route->class == ROUTE_MODEL && recorder_wants(call->worker->recorder, call->worker->random);
}

void record_begin(struct call *call) {
  struct worker *worker = call->worker;
  if (!worker->recorder || !is_sampled(call)) return;
  struct record *record = arena_alloc(exchange_arena(call->exchange), sizeof *record);
  record_open(record, exchange_arena(call->exchange));
  record->time = clock_unix(&worker->clock);
  record->seed = random_below(worker->random, 1ULL << 53);
  record->trace_id = slice_make(call->trace_id, 32);
  call->record = record;
}

/* Behind Google's addresses a client's key may stand in the query. */
static size_t query_copy(char *out, struct slice query) {
  size_t len = 0;
  while (query.len > 0) {
    const char *end = memchr(query.ptr, '&', query.len);
    struct slice pair = slice_make(query.ptr, end ? (size_t)(end - query.ptr) : query.len);
    query = slice_from(query, end ? pair.len + 1 : pair.len);
    if (slice_starts(pair, SLICE_LITERAL("key="))) continue;
    if (len > 0) out[len++] = '&';
    memcpy(out + len, pair.ptr, pair.len);
    len += pair.len;
  }
  return len;
}

static struct slice target_join(struct arena *arena, const struct http_request *request) {
  if (request->query.len == 0) return arena_copy(arena, request->path);
  char *joined = arena_alloc(arena, request->path.len + 1 + request->query.len);
  memcpy(joined, request->path.ptr, request->path.len);
  joined[request->path.len] = '?';
  size_t len = query_copy(joined + request->path.len + 1, request->query);
  return slice_make(joined, request->path.len + (len > 0 ? 1 + len : 0));
}

void record_request(struct call *call) {
  struct record *record = call->record;
  if (!record) return;
  record_append(record, &record->body, exchange_request(call->exchange)->body);
}

/* ---- upstreams ---- */

static unsigned since(const struct record_exchange *exchange) {
  return (unsigned)((uv_hrtime() - exchange->started) / 1000000);
}

/* An address may hold a credential as a parameter. */
static struct slice address_masked(struct call *call, struct slice text) {
  struct buffer shown = {0};
  log_redact(call->worker->log, text, &shown);
  struct slice copy = arena_copy(call->record->arena, buffer_slice(&shown));
  buffer_free(&shown);
  return copy;
}

static struct slice origin_text(struct call *call, const struct origin *origin) {
  struct buffer text = {0};
  origin_address(origin, &text);
  struct slice copy = arena_copy(call->record->arena, buffer_slice(&text));
  buffer_free(&text);
  return copy;
}

struct record_exchange *record_sent(struct call *call, const struct transfer_request *request) {
  struct record *record = call->record;
  if (!record) return NULL;
  struct record_exchange *exchange = record_exchange_add(record);
  exchange->started = uv_hrtime();
  exchange->origin = origin_text(call, request->origin);
  exchange->path = address_masked(call, request->target);
  for (unsigned i = 0; i < request->body_count; i++) record_append(record, &exchange->sent, request->body[i]);
  return exchange;
}

void record_head(struct call *call, struct record_exchange *exchange, const struct transfer_response *response) {
  if (!exchange) return;
  exchange->status = response->status;
  exchange->head_ms = since(exchange);
  record_fields_copy(call->record, response->fields, response->field_count, &exchange->fields);
}

void record_piece(struct call *call, struct record_exchange *exchange, struct slice bytes) {
  if (!exchange) return;
  record_append(call->record, &exchange->body, bytes);
  struct replay_piece cut = {exchange->body.len, since(exchange)};
  exchange->end_ms = cut.at_ms;
  if (!call->record->overflow) buffer_append(&exchange->cuts, &cut, sizeof cut);
}

void record_done(struct call *call, struct record_exchange *exchange, const struct transfer *transfer,
                 const struct error *error) {
  (void)call;
  if (!exchange) return;
  exchange->end = error ? RECORD_FAILED : RECORD_WHOLE;
  exchange->end_ms = since(exchange);
  exchange->untouched = transfer_untouched(transfer);
  if (error) exchange->error = *error;
}

/* ---- the answer ---- */

enum { ANSWER_FIELDS_MAX = 64 };

void record_answer(struct call *call, int status, struct slice lines) {
  struct record *record = call->record;
  if (!record) return;
  struct http_field fields[ANSWER_FIELDS_MAX];
  struct field_limits limits = {ANSWER_FIELDS_MAX, 256, 16384};
  unsigned count = 0;
  struct buffer head = {0};
  buffer_append_slice(&head, lines);
  buffer_append(&head, "\r\n", 2);
  record->status = status;
  if (field_lines_parse(buffer_slice(&head), &limits, fields, &count) == FIELD_OK) {
    record_fields_copy(record, fields, count, &record->answer_fields);
  }
  buffer_free(&head);
}

void record_answer_piece(struct call *call, struct slice bytes) {
  if (call->record && !exchange_client_gone(call->exchange)) record_append(call->record, &call->record->answer, bytes);
}

/* ---- the end ---- */

/* Empty in a replay, and for a call that was refused before it had one. */
static struct slice generation_id(const struct call *call) {
  const struct generations *generations = call->worker->program->generations;
  if (!call->generation || !generations) return (struct slice){0};
  return slice_text(generations->slots[call->generation->slot].id);
}

void record_end(struct call *call) {
  struct record *record = call->record;
  if (!record) return;
  const struct http_request *request = exchange_request(call->exchange);
  record->outcome = exchange_client_gone(call->exchange) ? RECORD_GONE : RECORD_ANSWERED;
  record->access = call->access;
  if (call->identity) record->key = *call->identity;
  record->generation = generation_id(call);
  record->method = request->method;
  record->target = target_join(record->arena, request);
  record_fields_copy(record, request->fields, request->field_count, &record->fields);
  call->record = NULL;
  bool wanted = record->status != 0; /* 0: the http room answered, not we */
  if (wanted && call->worker->recorder) recorder_take(call->worker->recorder, record);
  record_free(record);
}
