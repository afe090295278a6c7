// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"

#include "crypto/secret.h"
#include "process/access.h"
#include "process/admission.h"
#include "process/forward.h"
#include "process/gone.h"
#include "process/overload.h"
#include "process/record_take.h"
#include "process/reply.h"
#include "process/shape.h"
#include "process/worker.h"

static struct slice request_field(const struct exchange *exchange, const char *name) {
  const struct http_request *request = exchange_request(exchange);
  return field_value(request->fields, request->field_count, slice_text(name));
}

/* ---- trace ids (gateway-api 1.1): traceparent, else a 32-digit X-Request-ID, else a new one ---- */

static bool hex_copy(char *out, struct slice id) {
  bool zero = true;
  if (id.len != 32) return false;
  for (size_t i = 0; i < 32; i++) {
    char c = id.ptr[i];
    if (c >= 'A' && c <= 'F') c = (char)(c + 32);
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    if (c != '0') zero = false;
    out[i] = c;
  }
  return !zero;
}

static bool trace_from_parent(char *out, struct slice parent) {
  bool shaped = parent.len == 55 && parent.ptr[2] == '-' && parent.ptr[35] == '-' && parent.ptr[52] == '-';
  return shaped && hex_copy(out, slice_make(parent.ptr + 3, 32));
}

static void trace_choose(struct call *call) {
  const struct record *replayed = call->worker->replayed;
  if (replayed && hex_copy(call->trace_id, replayed->trace_id)) return;
  if (trace_from_parent(call->trace_id, request_field(call->exchange, "traceparent"))) return;
  if (hex_copy(call->trace_id, request_field(call->exchange, "x-request-id"))) return;
  random_hex(call->worker->random, call->trace_id, 16);
}

struct tape *call_tape(struct call *call) {
  if (call->worker->replayed) return &call->worker->replayed->tape;
  return call->record ? &call->record->tape : NULL;
}

/* ---- the http handler's events ---- */

void call_box_empty(struct call *call) {
  if (call->box) *call->box = NULL;
  call->box = NULL;
  while (!list_empty(&call->ties)) {
    struct call_tie *tie = LIST_OWNER(call->ties.next, struct call_tie, link);
    list_remove(&tie->link);
    tie->cut(tie);
  }
}

void call_tie(struct call *call, struct call_tie *tie, void (*cut)(struct call_tie *tie)) {
  tie->cut = cut;
  list_push_back(&call->ties, &tie->link);
}

/* One of several tries may have answered a moment before the script itself ends: nothing is cut short then. */
static bool is_cut(const struct call *call) {
  bool over = exchange_answered(call->exchange) && !call_streams(call) && !call->forward;
  return !over || call_drained(call);
}

void call_part(struct call *call, bool cut, const char *code) {
  for (struct call_parting *parting = call->partings; parting; parting = parting->next) {
    if (cut || parting->always) parting->run(parting, call, code);
  }
}

/* The box is emptied while the coroutine still holds it: afterwards the collector may take it at any time. */
void call_cancel(struct call *call, const char *code) {
  struct task *task = call->task;
  call->task = NULL;
  if (task) call_part(call, is_cut(call), code);
  call_box_empty(call);
  if (task) task_cancel(task);
}

void call_replies_free(struct call *call) {
  while (call->replies) reply_free(call->replies);
  forward_free(call->forward);
}

static void deadline_passed(struct timer *timer) {
  struct call *call = LIST_OWNER(timer, struct call, deadline);
  if (exchange_answered(call->exchange) && call->stream != CALL_STREAM_BEGUN) return;
  call->notes.error_type = SLICE_LITERAL("timeout");
  call_cancel(call, "gateway_timeout");
  call_replies_free(call);
  call_refuse_text(call, 504, "upstream_error", "gateway_timeout", "the upstream provider did not respond in time");
}

void call_deadline(struct call *call, uint64_t milliseconds) {
  if (milliseconds > 0) timer_start(call->worker->loop.wheel, &call->deadline, milliseconds);
}

static struct call *call_open(struct worker *worker, struct exchange *exchange) {
  struct call *call = arena_alloc(exchange_arena(exchange), sizeof *call);
  call->worker = worker;
  call->exchange = exchange;
  call->route = route_find(exchange_request(exchange)->path);
  call->shape = shape_of(call->route, exchange_request(exchange));
  call->notes.tokens_in = call->notes.tokens_out = call->notes.cost = -1;
  call->notes.price_in = call->notes.price_out = -1;
  timer_init(&call->deadline, deadline_passed);
  call_beat_init(call);
  list_init(&call->ties);
  trace_choose(call);
  exchange_set_data(exchange, call);
  if (!(call->route->methods & BODY_STREAMS)) record_begin(call);
  if (++worker->open_calls > worker->peak_calls) worker->peak_calls = worker->open_calls;
  return call;
}

/* Judged by what is active, also where the news of it have not come yet. */
int call_head(void *user, struct exchange *exchange) {
  generation_follow(user);
  return admission_judge(call_open(user, exchange));
}

struct slice call_refusal_fields(void *user, struct exchange *exchange) {
  struct worker *worker = user;
  struct call *call = exchange_data(exchange);
  buffer_clear(&worker->scratch);
  call_fields(call ? call : call_open(worker, exchange), &worker->scratch);
  return arena_copy(exchange_arena(exchange), buffer_slice(&worker->scratch));
}

struct slice call_refusal_body(void *user, struct exchange *exchange, const char *code, const char *message,
                               int *status) {
  (void)user;
  const struct call *call = exchange_data(exchange);
  if (call->shape == SHAPE_OPENAI || call->shape == SHAPE_RESPONSES) return (struct slice){0};
  struct call_problem problem = {.status = *status, .message = slice_text(message), .code = slice_text(code)};
  struct buffer body = {0};
  shape_body(call->shape, &problem, call->trace_id, &body);
  *status = shape_status(call->shape, &problem);
  struct slice copy = arena_copy(exchange_arena(exchange), buffer_slice(&body));
  buffer_free(&body);
  return copy;
}

void call_request(void *user, struct exchange *exchange) {
  (void)user;
  struct call *call = exchange_data(exchange);
  if (call->worker->draining) exchange_close_after(exchange);
  record_request(call);
  overload_settle(call);
  if (slice_equal(slice_text(call->route->endpoint), SLICE_LITERAL("options"))) {
    call_respond(call, 204, (struct slice){0}, SLICE_LITERAL("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"),
                 NULL, 0);
    return;
  }
  call->generation = generation_enter(call->worker);
  call->worker->program->serve(call);
}

void call_body_piece(void *user, struct exchange *exchange, struct slice bytes, bool last) {
  (void)user;
  forward_body(exchange_data(exchange), bytes, last);
}

void call_writable(void *user, struct exchange *exchange) {
  (void)user;
  struct call *call = exchange_data(exchange);
  if (call->on_writable) call->on_writable(call, call->waiter);
}

void call_end(void *user, struct exchange *exchange) {
  struct call *call = exchange_data(exchange);
  if (call) {
    timer_stop(&call->deadline);
    timer_stop(&call->beat);
    call->worker->open_calls--;
    overload_release(call);
    call_cancel(call, "client_closed_request");
    call_replies_free(call);
    call_estimate_cut(call);
    record_end(call);
    generation_leave(call->generation);
  }
  access_record(user, exchange, call);
  vm_idle(((struct worker *)user)->vm);
}

struct slice call_body(const struct call *call) {
  return call->changed_body.ptr ? call->changed_body : exchange_request(call->exchange)->body;
}

struct slice call_received(const struct call *call) {
  const struct forward *forward = call->forward;
  return forward && forward->held.len > 0 ? buffer_slice(&forward->held) : exchange_request(call->exchange)->body;
}

static int body_index(struct call *call, struct slice body, struct json_index *index, struct error *error) {
  struct json_fault fault;
  if (json_index_build(body, &json_limits_default, exchange_arena(call->exchange), index, &fault) < 0) {
    return error_set(error, 400, "invalid_request", "The request body is not a valid JSON object: %s at byte %zu.",
                     fault.reason, fault.offset);
  }
  return 0;
}

int call_index(struct call *call, struct error *error) {
  if (call->indexed) return 0;
  if (body_index(call, call_body(call), &call->index, error) < 0) return -1;
  call->indexed = true;
  return 0;
}

int call_body_change(struct call *call, struct slice body, struct error *error) {
  struct json_index index;
  if (body_index(call, body, &index, error) < 0) return -1;
  call->changed_body = body;
  call->index = index;
  call->indexed = true;
  if (call->edits) call->edits->count = 0;
  return 0;
}

int call_body_translate(struct call *call, struct slice body, struct error *error) {
  struct arena *arena = exchange_arena(call->exchange);
  if (!call->own) {
    call->own = arena_alloc(arena, sizeof *call->own);
    *call->own = (struct call_body){call->changed_body, call->index, call->indexed};
  }
  return call_body_change(call, arena_copy(arena, body), error);
}

void call_body_restore(struct call *call) {
  if (!call->own) return;
  call->changed_body = call->own->changed;
  call->index = call->own->index;
  call->indexed = call->own->indexed;
  call->own = NULL;
  if (call->edits) call->edits->count = 0;
}

struct slice call_body_own(const struct call *call) {
  struct slice changed = call->own ? call->own->changed : call->changed_body;
  return changed.ptr ? changed : exchange_request(call->exchange)->body;
}

void call_break(struct call *call, int status, const char *code, const char *message) {
  call_cancel(call, code);
  forward_break(call->forward);
  call_replies_free(call);
  exchange_close_after(call->exchange);
  call->notes.incomplete = true;
  if (!exchange_answered(call->exchange)) {
    call_refuse_text(call, status, "server_error", code, message);
  } else if (call_streams(call)) {
    call->notes.code = slice_text(code);
    call_stream_break(call, &(struct call_problem){.status = status,
                                                   .message = slice_text(message),
                                                   .type = SLICE_LITERAL("server_error"),
                                                   .code = slice_text(code)});
  }
}

void call_shut_down(void *user, struct exchange *exchange) {
  (void)user;
  struct call *call = exchange_data(exchange);
  if (call) call_break(call, 503, "shutting_down", "The gateway is shutting down. Send the request again.");
}
