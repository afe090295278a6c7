// SPDX-License-Identifier: Apache-2.0
#include "process/reply.h"

#include "process/call.h"
#include "process/record_take.h"
#include "process/relay_scan.h"
#include "process/stay.h"
#include "process/worker.h"

enum { HELD_MAX = 64 * 1024 }; /* bytes of a stream without content that wait for some: then they go out as they are */
enum { REPLY_INBOX_HIGH = 64 * 1024, FAILURE_BODY_MAX = 256 * 1024, FIRST_EVENT_MAX = 64 * 1024 };

static void reply_woken(struct reply *reply) {
  reply_wake wake = reply->wake;
  reply->wake = NULL;
  if (wake) wake(reply, reply->waiter);
}

static void reply_settle(struct reply *reply, enum reply_state state) {
  reply->state = state;
  reply_woken(reply);
}

/* The gate, a relay and a script each begin at the first byte. */
static void splitter_restart(struct reply *reply) {
  splitter_free(&reply->splitter);
  splitter_init(&reply->splitter, reply->framing, reply->call->worker->settings.sse_event_bytes);
}

/* ---- the upstream's head ---- */

static void on_head(struct transfer *transfer, void *owner, const struct transfer_response *response) {
  (void)transfer;
  struct reply *reply = owner;
  reply->response = response;
  record_head(reply->call, reply->recorded, response);
  if (response->status / 100 == 2) reply->call->accepted = true;
  stay_head(reply->call, reply->place, response);
  reply_form_choose(reply);
  if (reply->streams) splitter_restart(reply);
  if (!reply->streams && !reply->inbox.data) {
    struct buffer *spare = &reply->call->worker->spare_body;
    reply->inbox = *spare;
    *spare = (struct buffer){0};
  }
  if (!reply->streams && response->length_known && response->length <= (1 << 20)) {
    buffer_reserve(&reply->inbox, (size_t)response->length);
  }
}

/* ---- the upstream's body ---- */

static int too_large(struct reply *reply) {
  return error_set(&reply->error, 502, "upstream_event_too_large",
                   "The upstream sent an event of more than %llu bytes.",
                   (unsigned long long)reply->call->worker->settings.sse_event_bytes);
}

static int corrupt(struct reply *reply) {
  return error_set(&reply->error, 502, "upstream_stream_corrupt",
                   "The upstream stream was corrupt (checksum mismatch).");
}

/* 1: `reply->event` is filled, 0: nothing whole yet, -1: the stream cannot be read on, `error` says why. */
static int event_cut(struct reply *reply) {
  switch (splitter_next(&reply->splitter, &reply->event)) {
    case SPLITTER_EVENT:
      return 1;
    case SPLITTER_TOO_LARGE:
      return too_large(reply);
    case SPLITTER_CORRUPT:
      return corrupt(reply);
    case SPLITTER_NEED_MORE:
      break;
  }
  return 0;
}

/* Stops the transfer; what it said of its head is gone with it. */
static void transfer_drop(struct reply *reply) {
  if (!reply->transfer) return;
  if (reply->ended)
    transfer_free(reply->transfer);
  else
    transfer_cancel(reply->transfer);
  reply->transfer = NULL;
  reply->response = NULL;
}

static void reply_give_up(struct reply *reply) {
  transfer_drop(reply);
  reply_settle(reply, REPLY_FAILED);
}

/* 1: the gate opens at `reply->event`; else as event_cut. */
static int opener_find(struct reply *reply) {
  for (;; reply->held++) {
    int found = event_cut(reply);
    if (found <= 0 || reply->inbox.len > HELD_MAX) return found;
    if (!relay_scan_silent(reply, reply->event.name, reply->event.data)) return found;
  }
}

static void gate_open(struct reply *reply) {
  splitter_restart(reply);
  reply_settle(reply, REPLY_STREAM);
}

/* Comments before the first event count as part of it: without a bound they would fill the memory. */
static void gate_body(struct reply *reply, struct slice bytes) {
  splitter_feed(&reply->splitter, bytes);
  int found = opener_find(reply);
  buffer_append_slice(&reply->inbox, bytes);
  if (found == 0 && reply->inbox.len > reply->call->worker->settings.sse_event_bytes) found = too_large(reply);
  if (found < 0) {
    reply_give_up(reply);
  } else if (found) {
    gate_open(reply);
  }
}

bool reply_too_long(struct reply *reply) {
  uint64_t limit = reply->call->worker->settings.stream_bytes;
  if (!limit || reply->passed <= limit) return false;
  error_set(&reply->error, 502, "stream_too_long", "The stream passed the limit of %llu bytes.",
            (unsigned long long)limit);
  return true;
}

/* The splitter's input must stay put while it works: new bytes go to the inbox, and the two buffers change places. */
static void inbox_take(struct reply *reply) {
  struct buffer empty = reply->feeding;
  reply->feeding = reply->inbox;
  buffer_clear(&empty);
  reply->inbox = empty;
  reply->passed += reply->feeding.len;
  splitter_feed(&reply->splitter, buffer_slice(&reply->feeding));
  if (reply->paused && !reply->ended) {
    reply->paused = false;
    transfer_resume(reply->transfer);
  }
}

static int truncated(struct reply *reply) {
  return error_set(&reply->error, 502, "upstream_stream_truncated",
                   "The upstream stream ended before it was complete.");
}

/* The body is over. An event that only lacks its end mark is complete all the same; half a frame is not. */
static int last_event_find(struct reply *reply) {
  if (reply->error.code) return -1;
  if (splitter_last(&reply->splitter, &reply->event)) return 1;
  bool cut = reply->framing == FRAMING_EVENTSTREAM && !splitter_at_boundary(&reply->splitter);
  return cut ? truncated(reply) : -1;
}

/* 1: `event` is filled, 0: nothing whole yet, -1: nothing more will come. */
static int event_find(struct reply *reply) {
  for (;;) {
    int found = event_cut(reply);
    if (found != 0) return found;
    if (reply_too_long(reply)) return -1;
    if (reply->inbox.len == 0) return reply->ended ? last_event_find(reply) : 0;
    inbox_take(reply);
  }
}

static void reading_advance(struct reply *reply) {
  if (!reply->wake) return;
  reply->found = event_find(reply);
  if (reply->found != 0) reply_woken(reply);
}

static void inbox_body(struct reply *reply, struct slice bytes) {
  buffer_append_slice(&reply->inbox, bytes);
  if (reply->inbox.len > REPLY_INBOX_HIGH && !reply->paused && !reply->ended) {
    reply->paused = true;
    transfer_pause(reply->transfer);
  }
  if (reply->state == REPLY_READING) reading_advance(reply);
}

/* Of a failure, and of what should have been a stream, only the beginning is wanted: its words. What is left of it is
 * not waited for. */
static void failure_body(struct reply *reply, struct slice bytes) {
  size_t room = FAILURE_BODY_MAX - reply->inbox.len;
  buffer_append(&reply->inbox, bytes.ptr, bytes.len < room ? bytes.len : room);
  if (bytes.len <= room) return;
  transfer_pause(reply->transfer);
  reply_settle(reply, REPLY_WHOLE);
}

static void whole_body(struct reply *reply, struct slice bytes) {
  bool own = reply->answer == REPLY_ANSWER_OWN;
  if (reply->response->status / 100 != 2 || (reply->wants_stream && !own)) return failure_body(reply, bytes);
  buffer_append_slice(&reply->inbox, bytes); /* the transfer keeps the limit, unless it might have been a stream */
  if (reply->verbatim) return reply_settle(reply, REPLY_STREAM);
  if (!own || !reply->body_limit || reply->inbox.len <= reply->body_limit) return;
  error_set(&reply->error, 502, "upstream_too_large", "The upstream answered with a body above the limit of %llu bytes",
            (unsigned long long)reply->body_limit);
  reply_give_up(reply);
}

static void on_body(struct transfer *transfer, void *owner, struct slice bytes) {
  (void)transfer;
  struct reply *reply = owner;
  record_piece(reply->call, reply->recorded, bytes);
  switch (reply->state) {
    case REPLY_SENT:
      if (reply->streams) {
        gate_body(reply, bytes);
      } else {
        whole_body(reply, bytes);
      }
      break;
    case REPLY_RELAYING:
      relay_bytes(reply, bytes);
      break;
    case REPLY_STREAM:
    case REPLY_READING:
      inbox_body(reply, bytes);
      break;
    default:
      break;
  }
}

/* ---- the upstream's end ---- */

/* One event without its end: a line of ndjson, or behind others that said nothing. */
static bool opens_at_last(struct reply *reply) {
  bool may = reply->framing == FRAMING_NDJSON || (reply->framing == FRAMING_SSE && reply->held > 0);
  return may && splitter_last(&reply->splitter, &reply->event) &&
         !relay_scan_silent(reply, reply->event.name, reply->event.data);
}

static void sent_ended(struct reply *reply) {
  if (reply->error.code) {
    reply_settle(reply, REPLY_FAILED);
  } else if (reply->streams && opens_at_last(reply)) {
    gate_open(reply);
  } else if (reply->streams) {
    truncated(reply);
    reply_settle(reply, REPLY_FAILED);
  } else {
    reply_settle(reply, reply_whole_check(reply) < 0 ? REPLY_FAILED : REPLY_WHOLE);
  }
}

static void on_done(struct transfer *transfer, void *owner, const struct error *error) {
  struct reply *reply = owner;
  record_done(reply->call, reply->recorded, transfer, error);
  reply->ended = true;
  reply->done_at = uv_hrtime();
  if (error && !reply->ending) reply->error = *error;
  if (reply->state == REPLY_SENT) {
    sent_ended(reply);
  } else if (reply->state == REPLY_RELAYING) {
    relay_upstream_ended(reply);
  } else if (reply->state == REPLY_READING) {
    reading_advance(reply);
  }
}

/* ---- for the pipeline ---- */

static void linger_over(struct timer *timer) {
  struct reply *reply = LIST_OWNER(timer, struct reply, linger);
  relay_upstream_ended(reply);
}

struct reply *reply_send(struct call *call, const struct reply_request *request, reply_wake wake, void *waiter,
                         struct error *error) {
  static const struct transfer_events events = {.head = on_head, .body = on_body, .done = on_done};
  struct reply *reply = arena_alloc(exchange_arena(call->exchange), sizeof *reply);
  reply->call = call;
  reply->place = call->stays ? call->stays->place : NULL;
  reply->wants_stream = request->stream;
  reply->framing = request->framing;
  reply->answer = request->answer;
  reply->body_limit = request->body_limit;
  reply->wake = wake;
  reply->waiter = waiter;
  usage_clear(&reply->usage);
  reply->sent_at = uv_hrtime();
  timer_init(&reply->linger, linger_over);
  if (transfer_start(call->worker->upstream, &request->transfer, &events, reply, &reply->transfer, error) < 0)
    return NULL;
  reply->recorded = record_sent(call, &request->transfer);
  reply->next = call->replies;
  call->replies = reply;
  return reply;
}

struct slice reply_field(const struct reply *reply, struct slice name) {
  const struct transfer_response *response = reply->response;
  return response ? field_value(response->fields, response->field_count, name) : (struct slice){0};
}

static bool starts_caseless(struct slice name, const char *prefix) {
  struct slice wanted = slice_text(prefix);
  return name.len >= wanted.len && slice_equal_caseless(slice_make(name.ptr, wanted.len), wanted);
}

struct slice reply_field_passes(struct slice name) {
  static const char *const prefixes[] = {"x-ratelimit-", "retry-after", "openai-", "anthropic-ratelimit-",
                                         "x-should-retry"};
  if (slice_equal_caseless(name, SLICE_LITERAL("x-request-id")) ||
      slice_equal_caseless(name, SLICE_LITERAL("request-id"))) {
    return SLICE_LITERAL("X-Upstream-Request-Id");
  }
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    if (starts_caseless(name, prefixes[i])) return name;
  }
  return (struct slice){0};
}

void reply_fields(const struct reply *reply, struct buffer *out) {
  for (unsigned i = 0; reply->response && i < reply->response->field_count; i++) {
    const struct http_field *field = &reply->response->fields[i];
    struct slice name = reply_field_passes(field->name);
    if (name.len == 0) continue;
    buffer_append_slice(out, name);
    buffer_append(out, ": ", 2);
    buffer_append_slice(out, field->value);
    buffer_append(out, "\r\n", 2);
  }
}

int reply_next(struct reply *reply, reply_wake wake, void *waiter) {
  reply->state = REPLY_READING;
  reply->found = event_find(reply);
  if (reply->found == 0) {
    reply->wake = wake;
    reply->waiter = waiter;
  }
  return reply->found;
}

struct slice reply_early_event(const struct reply *reply, unsigned position, struct slice *name) {
  struct reply *peeked = (struct reply *)(uintptr_t)reply;
  struct splitter_event event = {0};
  splitter_feed(&peeked->splitter, buffer_slice(&reply->inbox));
  enum splitter_result found = splitter_next(&peeked->splitter, &event);
  for (; position > 0 && found == SPLITTER_EVENT; position--) found = splitter_next(&peeked->splitter, &event);
  if (found == SPLITTER_NEED_MORE) splitter_last(&peeked->splitter, &event);
  if (event.data.len > FIRST_EVENT_MAX) event.data.len = FIRST_EVENT_MAX;
  struct slice data = arena_copy(exchange_arena(reply->call->exchange), event.data);
  *name = arena_copy(exchange_arena(reply->call->exchange), event.name);
  splitter_restart(peeked);
  return data;
}

/* The next reply's body finds memory here: most are short and one after the other. */
static void inbox_give_back(struct reply *reply) {
  struct buffer *spare = &reply->call->worker->spare_body;
  if (!spare->data && reply->inbox.cap > 0 && reply->inbox.cap <= REPLY_INBOX_HIGH) {
    *spare = reply->inbox;
    buffer_clear(spare);
    reply->inbox = (struct buffer){0};
  }
  buffer_free(&reply->inbox);
}

void reply_free(struct reply *reply) {
  struct reply **link = &reply->call->replies;
  while (*link != reply) link = &(*link)->next;
  *link = reply->next;
  if (reply->box) *reply->box = NULL;
  transfer_drop(reply);
  timer_stop(&reply->linger);
  splitter_free(&reply->splitter);
  inbox_give_back(reply);
  buffer_free(&reply->feeding);
  buffer_free(&reply->kept);
}
