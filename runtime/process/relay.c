// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"
#include "process/relay_scan.h"
#include "process/reply.h"
#include "process/shape.h"
#include "process/worker.h"

/* A stream of the client's own dialect: bytes go through as they are, event by whole event. Looked at are only the end
 * marks, the usage and error events. */

enum { LINGER_MS = 250 };

static void relay_end(struct reply *reply);
static void relay_close(struct reply *reply);

static struct slice blank_skip(struct slice text) {
  while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) && text.ptr[0]) text = slice_from(text, 1);
  return text;
}

/* Moves `data` behind the next `"name":` in it; white space is allowed around the colon. False when there is none. */
static bool member_next(struct slice *data, struct slice quoted_name) {
  for (;;) {
    const char *found = data->len ? memmem(data->ptr, data->len, quoted_name.ptr, quoted_name.len) : NULL;
    if (!found) return false;
    *data = slice_from(*data, (size_t)(found - data->ptr) + quoted_name.len);
    struct slice rest = blank_skip(*data);
    if (rest.len == 0 || rest.ptr[0] != ':') continue;
    *data = blank_skip(slice_from(rest, 1));
    if (data->len > 0) return true;
  }
}

/* The value of such a member begins with one of `firsts`. */
static bool member_starts(struct slice data, struct slice quoted_name, const char *firsts) {
  while (member_next(&data, quoted_name)) {
    if (data.ptr[0] && strchr(firsts, data.ptr[0])) return true;
  }
  return false;
}

/* A choice says why it ended; some providers say "" all the while. */
static bool finish_told(struct slice data) {
  while (member_next(&data, SLICE_LITERAL("\"finish_reason\""))) {
    if (data.len > 1 && data.ptr[0] == '"' && data.ptr[1] != '"') return true;
  }
  return false;
}

static bool choices_empty(const struct json_index *index) {
  const struct json_member *choices = json_index_find(index, SLICE_LITERAL("choices"));
  return choices && choices->type == JSON_ARRAY && choices->value.len >= 2 &&
         blank_skip(slice_make(choices->value.ptr + 1, choices->value.len - 2)).len == 0;
}

/* Rare events, read exactly: one with a usage object, one without choices, one that may be an error. Returns false when
 * the client must not see it. */
static bool event_read(struct reply *reply, struct slice data) {
  struct arena arena = {0};
  struct json_index index;
  struct json_fault fault;
  bool forward = true;
  if (json_index_build(data, &json_limits_default, &arena, &index, &fault) == 0) {
    const struct json_member *error = json_index_find(&index, SLICE_LITERAL("error"));
    if (error && error->type != JSON_NULL) reply->saw_error = true;
    usage_read(&index, &reply->usage);
    const struct json_member *usage = json_index_find(&index, SLICE_LITERAL("usage"));
    forward = !(reply->options.strip_usage && usage && usage->type == JSON_OBJECT && choices_empty(&index));
  }
  arena_free(&arena);
  return forward;
}

/* Almost every event: nothing in it that must be read. */
static bool is_ordinary(struct slice data) {
  return data.len > 0 && memmem(data.ptr, data.len, "\"choices\"", 9) &&
         !member_starts(data, SLICE_LITERAL("\"usage\""), "{") &&
         !member_starts(data, SLICE_LITERAL("\"error\""), "{\"[");
}

/* One that only its name calls an error: the client would not see it as one. */
static void unread_error(struct reply *reply) {
  error_set(&reply->error, 502, "upstream_stream_error", "The upstream reported an error inside its stream.");
}

static bool is_done(struct slice data) {
  return slice_equal(slice_trim(data), SLICE_LITERAL("[DONE]"));
}

/* Returns false when the client must not see the event. */
static bool event_passes(struct reply *reply, struct sse_event *event) {
  if (reply->options.format != RELAY_CHAT) return relay_scan(reply, event), true;
  if (!event->has_data) return true;
  if (is_done(event->data)) {
    event->data = slice_trim(event->data);
    reply->saw_done = true;
    return !reply->options.leave_open;
  }
  bool named = slice_equal(event->name, SLICE_LITERAL("error"));
  if (finish_told(event->data)) reply->saw_finish = true;
  if (!named && is_ordinary(event->data)) return true;
  bool forward = event_read(reply, event->data);
  if (!named || reply->saw_error) return forward;
  unread_error(reply);
  return false;
}

/* ---- towards the client ---- */

/* A client that is behind gets nothing more until it has caught up: what is left of the upstream's last bytes waits in
 * the inbox. One event may be larger than all that may be queued. */
static void client_write(struct reply *reply, struct slice bytes) {
  struct call *call = reply->call;
  if (bytes.len == 0 || call->stream != CALL_STREAM_OPEN) return;
  if (reply->full) return buffer_append_slice(&reply->inbox, bytes);
  if (!call->notes.first_byte_at) call->notes.first_byte_at = uv_hrtime();
  reply->passed += bytes.len;
  if (call_stream_write(call, bytes) != EXCHANGE_FULL) return;
  reply->full = true;
  if (reply->paused || reply->ended) return;
  reply->paused = true;
  transfer_pause(reply->transfer);
}

static void inbox_write(struct reply *reply) {
  struct buffer waiting = reply->inbox;
  reply->inbox = (struct buffer){0};
  client_write(reply, buffer_slice(&waiting));
  buffer_free(&waiting);
}

static void on_writable(struct call *call, void *waiter) {
  (void)call;
  struct reply *reply = waiter;
  reply->full = false;
  inbox_write(reply);
  if (reply->ending) return relay_close(reply);
  if (reply->full || !reply->paused || reply->ended) return;
  reply->paused = false;
  transfer_resume(reply->transfer);
}

/* One `data:` line and an empty one, LF only: what clients of chat streams expect (no id, retry, event lines). */
static bool is_canonical(const struct sse_event *event) {
  if (!slice_starts(event->raw, SLICE_LITERAL("data:"))) return false;
  size_t around = event->raw.len - event->data.len;
  const char *end = event->raw.ptr + event->raw.len;
  return (around == 7 || around == 8) && end[-1] == '\n' && end[-2] == '\n' && end[-3] != '\r';
}

/* The same event in that form; comments become one keep-alive comment. */
static void rewritten_write(struct reply *reply, const struct sse_event *event) {
  struct buffer out = {0};
  struct slice rest = event->data;
  while (event->has_data) {
    const char *end = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;
    size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
    buffer_append_slice(&out, SLICE_LITERAL("data: "));
    buffer_append(&out, rest.ptr, len);
    buffer_append(&out, "\n", 1);
    if (!end) break;
    rest = slice_from(rest, len + 1);
  }
  if (!event->has_data) buffer_append_slice(&out, SLICE_LITERAL(": keep-alive\n"));
  buffer_append(&out, "\n", 1);
  client_write(reply, buffer_slice(&out));
  buffer_free(&out);
}

/* Neighbouring events go out in one write. */
static void span_add(struct reply *reply, struct slice *span, struct slice raw) {
  if (span->len > 0 && span->ptr + span->len == raw.ptr) {
    span->len += raw.len;
    return;
  }
  client_write(reply, *span);
  *span = raw;
}

static bool relay_is_over(const struct reply *reply) {
  return reply->saw_done || reply->saw_error || reply->error.code || reply->ending;
}

/* One event towards the client: with its neighbours while it lies in the input, at once when it lies in the splitter's
 * own buffer, which does not outlive the next event, or had to be rewritten. */
static void event_forward(struct reply *reply, const struct sse_event *event, struct slice input, struct slice *span) {
  bool inside = event->raw.ptr >= input.ptr && event->raw.ptr < input.ptr + input.len;
  bool canonical = reply->options.format != RELAY_CHAT || is_canonical(event);
  if (inside && canonical) {
    span_add(reply, span, event->raw);
    return;
  }
  client_write(reply, *span);
  *span = (struct slice){0};
  if (canonical) {
    client_write(reply, event->raw);
  } else {
    rewritten_write(reply, event);
  }
}

/* For a script that looks at the whole once it is there. */
static void event_keep(struct reply *reply, const struct sse_event *event) {
  size_t room = reply->options.keep;
  if (room == 0 || !event->has_data || reply->saw_done) return;
  if (reply->kept.len + event->name.len + event->data.len + 2 > room) {
    reply->options.keep = 0;
    buffer_free(&reply->kept);
    reply->kept = (struct buffer){0};
    return;
  }
  static const char separator = RELAY_SEPARATOR, behind_name = RELAY_NAME_SEPARATOR;
  if (reply->options.format != RELAY_CHAT) {
    buffer_append_slice(&reply->kept, event->name);
    buffer_append(&reply->kept, &behind_name, 1);
  }
  buffer_append_slice(&reply->kept, event->data);
  buffer_append(&reply->kept, &separator, 1);
}

/* Forwards every whole event of `bytes`. */
static void events_forward(struct reply *reply, struct slice bytes) {
  struct slice span = {0};
  struct sse_event event;
  sse_feed(&reply->splitter.sse, bytes);
  while (!relay_is_over(reply)) {
    enum sse_result result = sse_next(&reply->splitter.sse, &event);
    if (result == SSE_NEED_MORE) break;
    if (result == SSE_TOO_LARGE) {
      error_set(&reply->error, 502, "upstream_event_too_large", "The upstream sent an event that is too large.");
    } else if (event_passes(reply, &event)) {
      event_keep(reply, &event);
      if (event.has_data) estimate_flow_add(&reply->call->flow, event.data.len);
      event_forward(reply, &event, bytes, &span);
    }
  }
  client_write(reply, span);
}

void relay_bytes(struct reply *reply, struct slice bytes) {
  if (relay_is_over(reply)) return;
  if (reply->options.format == RELAY_BYTES) {
    client_write(reply, bytes);
  } else {
    events_forward(reply, bytes);
  }
  if (reply->saw_done || (relay_scan_over(reply) && !reply->saw_error)) {
    if (!reply->ended) timer_start(reply->call->worker->loop.wheel, &reply->linger, LINGER_MS);
  } else if (reply_too_long(reply) || reply->saw_error || reply->error.code) {
    relay_end(reply);
  }
}

/* ---- the end ---- */

/* What timed out names the address that was asked: that is for the log. */
static const char STREAM_TIMEOUT[] = "stream timed out waiting for next chunk";

static void error_event(struct reply *reply) {
  bool timed_out = slice_equal(slice_text(reply->error.code), SLICE_LITERAL("upstream_timeout"));
  struct call_problem problem = {.status = reply->error.status,
                                 .message = slice_text(timed_out ? STREAM_TIMEOUT : reply->error.message),
                                 .type = timed_out ? SLICE_LITERAL("timeout_error") : SLICE_LITERAL("api_error"),
                                 .code = slice_text(timed_out ? "stream_timeout" : reply->error.code)};
  struct buffer event = {0};
  shape_event(reply->call->shape, &problem, reply->call->trace_id, &event);
  client_write(reply, buffer_slice(&event));
  buffer_free(&event);
}

/* Written here and not by the script: the exchange may end before the script wakes. */
static void notes_take(struct reply *reply) {
  struct call_notes *notes = &reply->call->notes;
  notes->tokens_in = reply->usage.prompt;
  notes->tokens_out = reply->usage.completion;
  if (!reply->error.code) return;
  bool timed_out = slice_equal(slice_text(reply->error.code), SLICE_LITERAL("upstream_timeout"));
  notes->code = slice_text(reply->error.code);
  notes->error_type = timed_out ? SLICE_LITERAL("timeout") : SLICE_LITERAL("provider_error");
  notes->incomplete = true;
}

/* Nothing more comes; what is said is said once the client has taken what waits. */
static void relay_end(struct reply *reply) {
  timer_stop(&reply->linger);
  if (reply->saw_error && !reply->error.code) {
    unread_error(reply); /* what the client has read is one: it needs no other */
  } else if (reply->error.code && !reply->options.leave_open && reply->options.format != RELAY_BYTES) {
    error_event(reply);
  }
  notes_take(reply);
  reply->ending = true;
  relay_close(reply);
}

static void relay_close(struct reply *reply) {
  struct call *call = reply->call;
  if (reply->inbox.len > 0) return; /* on_writable comes back here */
  if (call->on_writable == on_writable) call->on_writable = NULL;
  reply->state = REPLY_OVER; /* a transfer that still runs is cancelled by reply_free */
  reply_wake wake = reply->wake;
  reply->wake = NULL;
  if (wake) wake(reply, reply->waiter);
}

/* A body that ends cleanly behind `data: [DONE]` without the blank line is complete all the same. */
static bool ends_in_done(struct reply *reply) {
  struct sse_event event;
  if (sse_at_boundary(&reply->splitter.sse)) return false;
  sse_feed(&reply->splitter.sse, SLICE_LITERAL("\n\n"));
  return sse_next(&reply->splitter.sse, &event) == SSE_EVENT && is_done(event.data);
}

static bool relay_is_complete(struct reply *reply) {
  bool marked = sse_at_boundary(&reply->splitter.sse) && reply->saw_finish;
  return !reply->error.code && (marked || ends_in_done(reply));
}

/* A last event that only lacks its blank line. */
static void last_event_forward(struct reply *reply) {
  struct sse_event event;
  if (reply->error.code || reply->options.format == RELAY_BYTES || sse_at_boundary(&reply->splitter.sse)) return;
  sse_feed(&reply->splitter.sse, SLICE_LITERAL("\n\n"));
  if (sse_next(&reply->splitter.sse, &event) != SSE_EVENT) return;
  bool over = reply->saw_finish;
  relay_scan(reply, &event);
  if (over || reply->saw_finish || reply->saw_error) client_write(reply, event.raw);
}

/* The upstream's body is over (or lingers behind its [DONE]): complete, complete but for the mark, or cut short. */
void relay_upstream_ended(struct reply *reply) {
  if (reply->ending) return;
  if (reply->options.format != RELAY_CHAT) last_event_forward(reply);
  if (reply->saw_done || (reply->options.format != RELAY_CHAT && relay_scan_complete(reply))) {
    reply->error.code = NULL;
  } else if (reply->options.format == RELAY_CHAT && relay_is_complete(reply)) {
    if (!reply->options.leave_open) client_write(reply, SLICE_LITERAL("data: [DONE]\n\n"));
  } else if (!reply->error.code || !slice_equal(slice_text(reply->error.code), SLICE_LITERAL("upstream_timeout"))) {
    error_set(&reply->error, 502, "upstream_stream_truncated", "The upstream stream ended before it was complete.");
  }
  relay_end(reply);
}

/* The upstream may have failed already: what it said before still goes out. */
void reply_relay(struct reply *reply, const struct relay_options *options, reply_wake wake, void *waiter) {
  struct call *call = reply->call;
  struct buffer first = reply->inbox;
  struct error late = reply->error;
  reply->inbox = (struct buffer){0};
  reply->error.code = NULL;
  reply->state = REPLY_RELAYING;
  reply->options = *options;
  reply->wake = wake;
  reply->waiter = waiter;
  call->on_writable = on_writable;
  call->waiter = reply;
  if (reply->paused && !reply->ended) {
    reply->paused = false;
    transfer_resume(reply->transfer);
  }
  relay_bytes(reply, buffer_slice(&first));
  buffer_free(&first);
  if (reply->state != REPLY_RELAYING || !reply->ended) return;
  if (!reply->error.code) reply->error = late;
  relay_upstream_ended(reply);
}
