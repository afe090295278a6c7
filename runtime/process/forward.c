// SPDX-License-Identifier: Apache-2.0
#include "process/forward.h"

#include "process/call.h"
#include "process/worker.h"

enum { SILENCE_MS = 300000 }; /* between bytes of an answer, or of a tunnel (gateway-api 1.12) */

static void patience_over(struct timer *timer);

struct forward *forward_of(struct call *call) {
  if (call->forward) return call->forward;
  struct forward *forward = arena_alloc(exchange_arena(call->exchange), sizeof *forward);
  forward->call = call;
  forward->over = exchange_body_over(call->exchange);
  timer_init(&forward->patience, patience_over);
  call->forward = forward;
  call->notes.counted = true;
  return forward;
}

static void woken(struct forward *forward) {
  forward_wake wake = forward->wake;
  forward->wake = NULL;
  if (wake) wake(forward, forward->waiter);
}

static void settle(struct forward *forward, enum forward_state state) {
  timer_stop(&forward->patience);
  forward->state = state;
  woken(forward);
}

static void wait_for(struct forward *forward, forward_wake wake, void *waiter) {
  forward->wake = wake;
  forward->waiter = waiter;
}

/* ---- the client's body ---- */

static void body_keep(struct forward *forward, struct slice bytes) {
  buffer_append_slice(&forward->held, bytes);
  if (!forward->over && forward->held.len < forward->wanted) return;
  exchange_body_pause(forward->call->exchange);
  if (forward->state == FORWARD_CLIENT) woken(forward);
}

void forward_body(struct call *call, struct slice bytes, bool last) {
  struct forward *forward = forward_of(call);
  forward->over = last;
  if (forward->ended) {
    exchange_body_pause(call->exchange); /* nobody takes the rest */
  } else if (!forward->transfer) {
    body_keep(forward, bytes);
  } else if (!transfer_send(forward->transfer, bytes, last) && !last) {
    exchange_body_pause(call->exchange);
  }
}

bool forward_hold(struct forward *forward, size_t bytes, forward_wake wake, void *waiter) {
  if (forward->over || forward->held.len >= bytes) return true;
  forward->wanted = bytes;
  wait_for(forward, wake, waiter);
  exchange_body_resume(forward->call->exchange);
  return false;
}

void forward_adopt(struct forward *forward) {
  if (forward->over && forward->held.len > 0) forward->call->changed_body = buffer_slice(&forward->held);
}

/* ---- the upstream ---- */

static void on_head(struct transfer *transfer, void *owner, const struct transfer_response *response) {
  struct forward *forward = owner;
  forward->response = response;
  transfer_pause(transfer);
  settle(forward, FORWARD_HEAD);
}

static void client_write(struct forward *forward, struct slice bytes) {
  struct call *call = forward->call;
  if (!call->notes.first_byte_at) call->notes.first_byte_at = uv_hrtime();
  if (exchange_stream_write(call->exchange, bytes) == EXCHANGE_FULL) transfer_pause(forward->transfer);
}

static void inbox_take(struct forward *forward, struct slice bytes) {
  size_t room = forward->inbox_max - forward->inbox.len;
  buffer_append(&forward->inbox, bytes.ptr, bytes.len < room ? bytes.len : room);
  if (bytes.len <= room) return;
  transfer_pause(forward->transfer);
  forward->too_long = true;
  settle(forward, FORWARD_HEAD);
}

static void on_body(struct transfer *transfer, void *owner, struct slice bytes) {
  struct forward *forward = owner;
  (void)transfer;
  if (forward->state == FORWARD_PIPED) {
    client_write(forward, bytes);
  } else if (forward->state == FORWARD_READ) {
    inbox_take(forward, bytes);
  }
}

void forward_finish(struct forward *forward) {
  if (forward->state != FORWARD_PIPED || !forward->ended) return;
  forward->state = FORWARD_OVER;
  exchange_stream_end(forward->call->exchange, !forward->error.code);
}

static void pipe_end(struct forward *forward) {
  struct call_notes *notes = &forward->call->notes;
  if (forward->error.code) {
    notes->incomplete = true;
    notes->code = slice_text(forward->error.code);
    notes->error_type = forward->error.status == 504 ? SLICE_LITERAL("timeout") : SLICE_LITERAL("provider_error");
  }
  if (!forward->open) forward_finish(forward);
  woken(forward);
}

static void on_done(struct transfer *transfer, void *owner, const struct error *error) {
  struct forward *forward = owner;
  (void)transfer;
  forward->ended = true;
  if (error) forward->error = *error;
  if (forward->state == FORWARD_PIPED) {
    pipe_end(forward);
  } else if (forward->state == FORWARD_READ) {
    settle(forward, FORWARD_HEAD);
  } else if (forward->state == FORWARD_ASKED) {
    settle(forward, FORWARD_FAILED);
  }
}

static void on_sent(struct transfer *transfer, void *owner) {
  struct forward *forward = owner;
  (void)transfer;
  if (!forward->over) exchange_body_resume(forward->call->exchange);
}

static bool has_method_body(struct slice method) {
  return slice_equal(method, SLICE_LITERAL("POST")) || slice_equal(method, SLICE_LITERAL("PUT")) ||
         slice_equal(method, SLICE_LITERAL("PATCH"));
}

/* The body's bytes as far as they are there, and how the rest of it comes. */
static void body_describe(struct forward *forward, struct transfer_request *transfer, struct slice *pieces) {
  const struct http_request *request = exchange_request(forward->call->exchange);
  struct call *call = forward->call;
  transfer->body = pieces;
  transfer->body_streams = !forward->over;
  transfer->length_known = request->body_length > 0;
  transfer->length = request->body_length;
  if (transfer->body_streams) {
    pieces[0] = buffer_slice(&forward->held);
    transfer->body_count = forward->held.len > 0;
    return;
  }
  pieces[0] = call_body(call);
  transfer->body_count = call->edits ? json_edits_segments(call->edits, pieces[0], pieces) : 1;
  transfer->has_body = request->has_body || has_method_body(transfer->method);
  if (!transfer->has_body) transfer->body_count = 0;
}

static struct transfer_timeouts timeouts_of(const struct forward_request *request) {
  struct transfer_timeouts timeouts = request->timeouts;
  timeouts.total = 0; /* an upload, a download or a tunnel takes as long as it moves */
  if (timeouts.idle < SILENCE_MS) timeouts.idle = SILENCE_MS;
  return timeouts;
}

/* HTTP/1.0 knows no upgrade (RFC 9110, 7.8): such a client's request is one like any other. */
static bool upgrades(const struct forward *forward, const struct forward_request *request) {
  return request->upgrade && exchange_request(forward->call->exchange)->minor == 1;
}

int forward_send(struct forward *forward, const struct forward_request *wanted, forward_wake wake, void *waiter,
                 struct error *error) {
  static const struct transfer_events events = {.head = on_head, .body = on_body, .done = on_done, .writable = on_sent};
  struct call *call = forward->call;
  struct slice pieces[JSON_SEGMENTS_MAX];
  struct buffer *lines = &call->worker->extra;
  struct forward_request asked = *wanted, *request = &asked;
  request->upgrade = upgrades(forward, wanted);
  buffer_clear(lines);
  forward_request_lines(forward, request, lines);
  struct transfer_request transfer = {.origin = request->origin,
                                      .method = request->method,
                                      .target = request->target,
                                      .prepared = buffer_slice(lines),
                                      .timeouts = timeouts_of(request),
                                      .queue_high = call->worker->settings.queue_high_bytes};
  if (request->upgrade) transfer.upgrade = SLICE_LITERAL("websocket");
  body_describe(forward, &transfer, pieces);
  struct slice secret = forward_secret(request->signs);
  if (secret.len == 0) secret = forward_secret(request->lines);
  forward->secret = arena_copy(exchange_arena(call->exchange), secret);
  if (transfer_start(call->worker->upstream, &transfer, &events, forward, &forward->transfer, error) < 0) return -1;
  forward->state = FORWARD_ASKED;
  forward->kept = forward->over;
  wait_for(forward, wake, waiter);
  if (!forward->over) {
    buffer_free(&forward->held);
    exchange_body_resume(call->exchange);
  }
  return 0;
}

/* ---- the answer ---- */

static void patience_over(struct timer *timer) {
  struct forward *forward = LIST_OWNER(timer, struct forward, patience);
  transfer_pause(forward->transfer);
  forward->too_long = true;
  settle(forward, FORWARD_HEAD);
}

void forward_read(struct forward *forward, size_t bytes, unsigned milliseconds, forward_wake wake, void *waiter) {
  wait_for(forward, wake, waiter);
  forward->state = FORWARD_READ;
  forward->inbox_max = bytes;
  if (forward->ended) return settle(forward, FORWARD_HEAD);
  timer_start(forward->call->worker->loop.wheel, &forward->patience, milliseconds);
  transfer_resume(forward->transfer);
}

/* The answer's head but for its framing. */
static struct slice head_compose(struct forward *forward, bool other_body, struct slice content_type) {
  struct buffer *out = &forward->call->worker->scratch;
  buffer_clear(out);
  if (content_type.len > 0) {
    buffer_append_slice(out, SLICE_LITERAL("Content-Type: "));
    buffer_append_slice(out, content_type);
    buffer_append_slice(out, SLICE_LITERAL("\r\n"));
  }
  call_fields(forward->call, out);
  forward_answer_lines(forward, other_body, content_type.len > 0, out);
  return buffer_slice(out);
}

/* Of an answer without a body: what it would have. */
static bool length_of(const struct forward *forward, uint64_t *length) {
  const struct transfer_response *response = forward->response;
  const struct http_field *field = field_find(response->fields, response->field_count, SLICE_LITERAL("content-length"));
  unsigned long long said = 0;
  bool to_head = slice_equal(exchange_request(forward->call->exchange)->method, SLICE_LITERAL("HEAD"));
  if (to_head && field && !field_content_length(field->value, &said)) return false;
  *length = to_head ? said : response->length;
  return to_head ? field != NULL : response->length_known;
}

static void tunnel_begin(struct forward *forward, struct slice head) {
  struct exchange *exchange = forward->call->exchange;
  struct buffer lines = {0};
  buffer_append_slice(&lines, head);
  buffer_append_slice(&lines, SLICE_LITERAL("Upgrade: websocket\r\n"));
  exchange_upgrade(exchange, buffer_slice(&lines));
  buffer_free(&lines);
  forward->over = false;
  exchange_body_resume(exchange);
}

static void on_writable(struct call *call, void *waiter) {
  struct forward *forward = waiter;
  (void)call;
  if (forward->state == FORWARD_PIPED && !forward->ended) transfer_resume(forward->transfer);
}

void forward_pipe(struct forward *forward, bool leave_open, forward_wake wake, void *waiter) {
  struct call *call = forward->call;
  struct slice head = head_compose(forward, false, (struct slice){0});
  int status = forward->response->status;
  uint64_t length;
  if (status == 101) {
    tunnel_begin(forward, head);
  } else if (length_of(forward, &length)) {
    exchange_stream_begin_sized(call->exchange, status, NULL, 0, head, length);
  } else {
    exchange_stream_begin(call->exchange, status, NULL, 0, head);
  }
  call->on_writable = on_writable;
  call->waiter = forward;
  wait_for(forward, wake, waiter);
  forward->state = FORWARD_PIPED;
  forward->open = leave_open;
  if (forward->ended) {
    pipe_end(forward);
  } else {
    transfer_resume(forward->transfer);
  }
}

void forward_respond(struct forward *forward, struct slice content_type, struct slice body) {
  struct slice head = head_compose(forward, true, content_type);
  exchange_respond(forward->call->exchange, forward->response->status, NULL, 0, head, &body, body.len > 0);
}

/* ---- its end ---- */

static void transfer_leave(struct forward *forward) {
  if (forward->transfer && forward->ended) transfer_free(forward->transfer);
  if (forward->transfer && !forward->ended) transfer_cancel(forward->transfer);
  forward->transfer = NULL;
  forward->response = NULL;
}

bool forward_again(struct forward *forward) {
  if (!forward->kept) return false;
  transfer_leave(forward);
  forward->ended = false;
  forward->error = (struct error){0};
  forward->state = FORWARD_CLIENT;
  return true;
}

void forward_free(struct forward *forward) {
  if (!forward) return;
  timer_stop(&forward->patience);
  forward->wake = NULL;
  transfer_leave(forward);
  forward->ended = true;
  forward->call->changed_body = (struct slice){0};
  buffer_free(&forward->held);
  buffer_free(&forward->inbox);
}

void forward_break(struct forward *forward) {
  if (!forward) return;
  bool piped = forward->state == FORWARD_PIPED;
  forward_free(forward);
  if (!piped) return;
  forward->state = FORWARD_OVER;
  exchange_stream_end(forward->call->exchange, false);
}
