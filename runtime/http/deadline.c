// SPDX-License-Identifier: Apache-2.0
#include "http/deadline.h"

#include "http/connection.h"
#include "http/output.h"
#include "http/upload.h"

enum {
  SKIP_MS = 5000,          /* for the small body of a request answered already */
  LINGER_IDLE_MS = 2000,   /* a client that neither sends nor closes after our FIN */
  LINGER_TOTAL_MS = 10000, /* one that does not stop sending */
  DRAIN_FIRST_MS = 1000,   /* a new connection's first request while we drain */
  STALL_LOOKS = 16,        /* progress of a write is looked for this many times per write_stall */
};

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static const struct http_timeouts *timeouts_of(const struct connection *connection) {
  return &connection->server->options.timeouts;
}

/* When the body will be late, if nothing more of it comes: idle, total, or below the least average rate. */
static uint64_t body_due(const struct connection *connection) {
  const struct http_timeouts *timeouts = timeouts_of(connection);
  const struct exchange *exchange = connection->exchange;
  uint64_t due = smaller(exchange->body_seen + timeouts->body_idle, exchange->body_started + timeouts->body_total);
  if (timeouts->body_rate == 0) return due;
  uint64_t earned = exchange->body_received * 1000 / timeouts->body_rate;
  return smaller(due, exchange->body_started + larger(timeouts->body_grace, earned));
}

/* A streamed body's time runs while it is wanted; what is behind an upgrade has none here. */
static bool upload_runs(const struct connection *connection) {
  return !connection->exchange->paused && !connection->exchange->raw && !connection->exchange->finished;
}

static uint64_t upload_due(const struct connection *connection, uint64_t now) {
  uint64_t due = upload_runs(connection) ? body_due(connection) : UINT64_MAX;
  return connection->output ? smaller(due, now + timeouts_of(connection)->write_stall / STALL_LOOKS) : due;
}

static uint64_t wait_ms(const struct connection *connection) {
  if (connection->served > 0) return timeouts_of(connection)->keep_alive;
  uint64_t first = timeouts_of(connection)->first_byte;
  return connection->server->draining ? smaller(first, DRAIN_FIRST_MS) : first;
}

static uint64_t linger_ms(const struct connection *connection) {
  uint64_t now = loop_now(connection->server->loop), end = connection->since + LINGER_TOTAL_MS;
  return now >= end ? 0 : smaller(LINGER_IDLE_MS, end - now);
}

void http_deadline_set(struct connection *connection) {
  struct timer_wheel *wheel = connection->server->loop->wheel;
  uint64_t now = loop_now(connection->server->loop), due;
  switch ((enum connection_state)connection->state) {
    case CONNECTION_WAIT:
      return timer_start(wheel, &connection->timer, wait_ms(connection));
    case CONNECTION_HEAD:
      return timer_start(wheel, &connection->timer, timeouts_of(connection)->head);
    case CONNECTION_BODY:
      due = body_due(connection);
      return timer_start(wheel, &connection->timer, due > now ? due - now : 0);
    case CONNECTION_UPLOAD:
      due = upload_due(connection, now);
      if (due == UINT64_MAX) return timer_stop(&connection->timer);
      return timer_start(wheel, &connection->timer, due > now ? due - now : 0);
    case CONNECTION_ANSWER:
    case CONNECTION_FLUSH:
      if (!connection->output) return timer_stop(&connection->timer);
      return timer_start(wheel, &connection->timer, timeouts_of(connection)->write_stall / STALL_LOOKS);
    case CONNECTION_SKIP:
      return timer_start(wheel, &connection->timer, SKIP_MS);
    case CONNECTION_LINGER:
      return timer_start(wheel, &connection->timer, linger_ms(connection));
    case CONNECTION_CLOSED:
      return timer_stop(&connection->timer);
  }
}

static void late_wait(struct connection *connection) {
  if (connection->served > 0 || connection->server->draining) return http_connection_close(connection);
  http_connection_refuse(connection, HTTP_TIMEOUT);
}

static void late_body(struct connection *connection) {
  if (connection->exchange->finished) return; /* answered from outside in this very turn */
  if (loop_now(connection->server->loop) < body_due(connection)) return http_deadline_set(connection);
  http_connection_refuse(connection, HTTP_TIMEOUT);
}

static void late_write(struct connection *connection) {
  if (!connection->output) return;
  uint64_t due = http_output_progress(connection) + timeouts_of(connection)->write_stall;
  if (loop_now(connection->server->loop) < due) return http_deadline_set(connection);
  http_connection_lose(connection);
}

static void late_upload(struct connection *connection) {
  uint64_t now = loop_now(connection->server->loop);
  if (connection->output && now >= http_output_progress(connection) + timeouts_of(connection)->write_stall) {
    http_connection_lose(connection);
  } else if (upload_runs(connection) && now >= body_due(connection)) {
    http_upload_refuse(connection, HTTP_TIMEOUT);
  } else {
    http_deadline_set(connection);
  }
}

void http_deadline_fire(struct timer *timer) {
  struct connection *connection = LIST_OWNER(timer, struct connection, timer);
  switch ((enum connection_state)connection->state) {
    case CONNECTION_WAIT:
      late_wait(connection);
      break;
    case CONNECTION_HEAD:
      http_connection_refuse(connection, HTTP_TIMEOUT);
      break;
    case CONNECTION_BODY:
      late_body(connection);
      break;
    case CONNECTION_UPLOAD:
      late_upload(connection);
      break;
    case CONNECTION_ANSWER:
    case CONNECTION_FLUSH:
      late_write(connection);
      break;
    case CONNECTION_SKIP:
    case CONNECTION_LINGER:
      http_connection_close(connection);
      break;
    case CONNECTION_CLOSED:
      break;
  }
  http_connection_run(connection);
}
