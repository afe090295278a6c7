// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"
#include "process/record_take.h"
#include "process/shape.h"
#include "process/worker.h"

/* A client's answer in pieces, and what keeps it alive while a model thinks: something must pass, or what sits between
 * takes the connection for dead. */

static const struct slice EVENT_STREAM = SLICE_LITERAL("text/event-stream; charset=utf-8");
static const struct slice EVENT_FIELDS = SLICE_LITERAL("Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n");

static void beat_start(struct call *call, uint64_t span) {
  if (span > 0 && !call->unpinged) timer_start(call->worker->loop.wheel, &call->beat, span);
}

static void head_write(struct call *call, struct slice head) {
  record_answer(call, 200, head);
  exchange_stream_begin(call->exchange, 200, NULL, 0, head);
}

/* Nobody has said anything yet: the head goes out with nothing but what is known without an upstream. */
static void begin_early(struct call *call) {
  call->stream = CALL_STREAM_BEGUN;
  call->events = true;
  head_write(call, call_fields_compose(call, EVENT_STREAM, EVENT_FIELDS, (struct slice){0}));
}

/* Looked at twice in the span: costs nothing per event. */
static void beat(struct timer *timer) {
  struct call *call = LIST_OWNER(timer, struct call, beat);
  if (exchange_detached(call->exchange)) return;
  if (call->stream == CALL_NO_STREAM && !exchange_answered(call->exchange)) begin_early(call);
  if (!call_streams(call)) return;
  bool silent = exchange_bytes_sent(call->exchange) == call->beat_bytes;
  if (silent && !exchange_full(call->exchange)) exchange_stream_write(call->exchange, shape_ping(call->shape));
  call->beat_bytes = exchange_bytes_sent(call->exchange);
  beat_start(call, call->worker->settings.heartbeat_ms / 2);
}

void call_beat_init(struct call *call) {
  timer_init(&call->beat, beat);
}

void call_stream_await(struct call *call, bool pings) {
  call->unpinged = !pings;
  if (exchange_answered(call->exchange) || timer_running(&call->beat)) return;
  beat_start(call, call->worker->settings.heartbeat_ms);
}

static bool is_event_stream(struct slice type) {
  struct slice wanted = SLICE_LITERAL("text/event-stream");
  return type.len >= wanted.len && slice_equal_caseless(slice_make(type.ptr, wanted.len), wanted);
}

static void head_begin(struct call *call, struct slice content_type, struct slice fields) {
  struct slice type = content_type.len > 0 ? content_type : EVENT_STREAM;
  call->events = is_event_stream(type);
  head_write(call, call_fields_compose(call, type, call->events ? EVENT_FIELDS : (struct slice){0}, fields));
  timer_stop(&call->beat);
  if (call->events) beat_start(call, call->worker->settings.heartbeat_ms / 2);
}

void call_stream_begin(struct call *call, struct slice content_type, struct slice fields) {
  if (call->stream == CALL_NO_STREAM) head_begin(call, content_type, fields);
  call->notes.streamed = true;
  call->stream = CALL_STREAM_OPEN;
  timer_stop(&call->deadline);
}

enum exchange_write call_stream_write(struct call *call, struct slice bytes) {
  record_answer_piece(call, bytes);
  return exchange_stream_write(call->exchange, bytes);
}

void call_stream_end(struct call *call, bool complete) {
  if (!call_streams(call)) return;
  call->stream = CALL_STREAM_OVER;
  exchange_stream_end(call->exchange, complete || call->events);
}

void call_stream_break(struct call *call, const struct call_problem *problem) {
  struct buffer event = {0};
  call->notes.incomplete = true;
  exchange_close_after(call->exchange);
  shape_event(call->shape, problem, call->trace_id, &event);
  if (call->events) call_stream_write(call, buffer_slice(&event));
  buffer_free(&event);
  call_stream_end(call, false);
}
