// SPDX-License-Identifier: Apache-2.0
#include "upstream/dial.h"

#include <stdlib.h>

#include "base/check.h"

struct dial {
  struct origin *origin;
  struct connection *connection; /* of the attempt that runs; owned */
  struct resolver_waiter waiter;
  struct timer timer;
  struct loop_job job;
  union address addresses[RESOLVE_MAX]; /* our own copy: the resolver's may change meanwhile */
  unsigned count, next;
  unsigned timeout_ms;
  uint64_t deadline; /* of all TCP attempts */
  struct error last; /* why the latest attempt failed */
  void (*done)(void *owner, struct connection *connection, const struct error *error);
  void *owner;
};

static void dial_free(struct dial *dial) {
  loop_job_cancel(&dial->job);
  timer_stop(&dial->timer);
  resolver_leave(&dial->waiter);
  free(dial);
}

static void fail(struct dial *dial, const struct error *error) {
  struct error copy = *error;
  void (*done)(void *, struct connection *, const struct error *) = dial->done;
  void *owner = dial->owner;
  dial_free(dial);
  done(owner, NULL, &copy);
}

static void succeed(struct dial *dial) {
  struct connection *connection = dial->connection;
  void (*done)(void *, struct connection *, const struct error *) = dial->done;
  void *owner = dial->owner;
  dial_free(dial);
  done(owner, connection, NULL);
}

static void on_connected(void *user);
static void on_secured(void *user);
static void on_ended(void *user, enum connection_end end, const char *reason);

static const struct connection_events EVENTS = {.connected = on_connected, .secured = on_secured, .ended = on_ended};

/* This attempt's part of the time that is left: a dead address must not use up the others' chance. */
static void attempt_arm(struct dial *dial) {
  if (!dial->timeout_ms) return;
  struct loop *loop = dial->origin->upstream->loop;
  uint64_t now = loop_now(loop);
  uint64_t left = dial->deadline > now ? dial->deadline - now : 0;
  timer_start(loop->wheel, &dial->timer, left / (dial->count - dial->next + 1));
}

static void attempt_note(struct dial *dial, enum connection_end end, const char *reason) {
  const char *name = dial->origin->name;
  if (end == CONNECTION_REFUSED) {
    error_set(&dial->last, 502, "upstream_refused", "%s refused the connection", name);
  } else {
    error_set(&dial->last, 502, "upstream_unreachable", "%s cannot be reached: %s", name, reason);
  }
}

/* Tries addresses until an attempt is under way; when none is left the dial ends with what the latest said. */
static void attempt_next(struct dial *dial) {
  while (dial->next < dial->count) {
    const union address *address = &dial->addresses[dial->next++];
    if (origin_blocks(dial->origin, address)) {
      error_set(&dial->last, 502, "upstream_blocked", "%s has an address that is not allowed", dial->origin->name);
      continue;
    }
    int status;
    dial->connection = connection_open(dial->origin, address, &EVENTS, dial, &status);
    if (dial->connection) {
      attempt_arm(dial);
      return;
    }
    attempt_note(dial, CONNECTION_UNREACHABLE, uv_strerror(status));
  }
  fail(dial, &dial->last);
}

static void attempts_begin(struct dial *dial) {
  const struct resolver *resolver = &dial->origin->resolver;
  dial->count = resolver->count;
  memcpy(dial->addresses, resolver->addresses, resolver->count * sizeof *resolver->addresses);
  dial->deadline = loop_now(dial->origin->upstream->loop) + dial->timeout_ms;
  attempt_next(dial);
}

static void on_resolved(struct resolver_waiter *waiter, const struct error *error) {
  struct dial *dial = LIST_OWNER(waiter, struct dial, waiter);
  if (error) {
    fail(dial, error);
  } else {
    attempts_begin(dial);
  }
}

static void on_begin(struct loop_job *job) {
  struct dial *dial = LIST_OWNER(job, struct dial, job);
  if (resolver_ask(&dial->origin->resolver, &dial->waiter)) attempts_begin(dial);
}

static void on_timer(struct timer *timer) {
  struct dial *dial = LIST_OWNER(timer, struct dial, timer);
  bool securing = dial->connection->securing;
  connection_close(dial->connection);
  dial->connection = NULL;
  error_set(&dial->last, 504, "upstream_connect_timeout", "%s %s within %u ms", dial->origin->name,
            securing ? "did not finish the TLS handshake" : "did not accept a connection", dial->timeout_ms);
  if (securing) {
    fail(dial, &dial->last);
  } else {
    attempt_next(dial);
  }
}

static void on_connected(void *user) {
  struct dial *dial = user;
  timer_stop(&dial->timer);
  if (!dial->origin->secure) {
    succeed(dial);
    return;
  }
  if (connection_secure(dial->connection, &dial->last) < 0) {
    connection_close(dial->connection);
    fail(dial, &dial->last);
    return;
  }
  if (dial->timeout_ms) timer_start(dial->origin->upstream->loop->wheel, &dial->timer, dial->timeout_ms);
}

static void on_secured(void *user) {
  succeed(user);
}

static void on_ended(void *user, enum connection_end end, const char *reason) {
  struct dial *dial = user;
  bool securing = dial->connection->securing;
  dial->connection = NULL;
  timer_stop(&dial->timer);
  if (securing) {
    error_set(&dial->last, 502, "upstream_tls", "no TLS with %s: %s", dial->origin->name, reason);
    fail(dial, &dial->last);
    return;
  }
  attempt_note(dial, end, reason);
  attempt_next(dial);
}

struct dial *dial_start(struct origin *origin, unsigned timeout_ms,
                        void (*done)(void *owner, struct connection *connection, const struct error *error),
                        void *owner) {
  struct dial *dial = calloc(1, sizeof *dial);
  REQUIRE(dial != NULL);
  dial->origin = origin;
  dial->timeout_ms = timeout_ms;
  dial->done = done;
  dial->owner = owner;
  resolver_waiter_init(&dial->waiter, on_resolved);
  timer_init(&dial->timer, on_timer);
  loop_job_init(&dial->job, on_begin);
  loop_defer(origin->upstream->loop, &dial->job);
  return dial;
}

void dial_cancel(struct dial *dial) {
  if (dial->connection) connection_close(dial->connection);
  dial_free(dial);
}
