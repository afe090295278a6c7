// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"
#include "base/network.h"
#include "http/exchange.h"
#include "loop/loop.h"

/* The inbound side of one worker: listeners, connections, limits. */

struct http_limits {          /* reliability-rules 4.3; answers in brackets */
  unsigned request_line;      /* 8 KiB [414] */
  unsigned head;              /* 32 KiB [431] */
  struct field_limits fields; /* 100 / 256 B / 16 KiB [431] */
  unsigned query_parameters;  /* 128 [400] */
  uint64_t body;              /* 32 MiB [413] */
  unsigned requests;          /* per connection: 10,000, then close */
  unsigned connections;       /* per worker: 16,384, then closed at accept */
  unsigned per_address;       /* connections per client address and worker; 0 = off; loopback is exempt */
  unsigned queue_high, queue_low, queue_cap; /* 64 KiB, 32 KiB, 1 MiB */
};

struct http_timeouts {            /* milliseconds */
  unsigned first_byte, head;      /* 10,000 / 10,000 [408] */
  unsigned body_idle, body_total; /* 15,000 / 300,000 [408] */
  unsigned body_rate, body_grace; /* 1,024 B/s after 10,000 ms [408] */
  unsigned keep_alive;            /* 75,000 [close] */
  unsigned write_stall;           /* 30,000 [gone] */
};

struct http_server_options {
  struct http_limits limits;
  struct http_timeouts timeouts;
  struct http_handler handler;
  void *user;
};
extern const struct http_limits http_limits_default;
extern const struct http_timeouts http_timeouts_default;

/* The options are copied; `handler.request` must be there, the other handlers may be null. */
struct http_server *http_server_open(struct loop *loop, const struct http_server_options *options);

/* Other limits and time-outs, from the next head, read and deadline on. */
void http_server_configure(struct http_server *server, const struct http_limits *limits,
                           const struct http_timeouts *timeouts);

/* The networks whose X-Forwarded-For and X-Real-IP are believed, from the next request on; copied. None at first. */
void http_server_trust(struct http_server *server, const struct network *networks, unsigned count);

/* Accepts on a bound, listening socket the supervisor owns; the server works on a duplicate of it. */
int http_server_listen(struct http_server *server, int fd, struct error *error);

/* Serves a connected socket, whichever way it came; it belongs to the server from then on. */
int http_server_adopt(struct http_server *server, int fd, struct error *error);

/* Stops accepting (what is already in the kernel's queue is accepted first), closes idle connections, marks the others
 * to close after their answer. A connection that has not had its first request yet has a second to send it. */
void http_server_drain(struct http_server *server);

/* Connections still open. */
unsigned http_server_connections(const struct http_server *server);

/* Exchanges that go on without their client: no connections any more. */
unsigned http_server_detached(const struct http_server *server);

struct http_counters {
  uint64_t accepted;
  uint64_t turned_away;   /* closed at accept: limits.connections or limits.per_address */
  uint64_t disagreements; /* heads that our scanner and llhttp read differently: somebody tries to smuggle */
};
const struct http_counters *http_server_counters(const struct http_server *server);

/* Calls `visit` for every exchange that has no complete answer yet, also those whose body is still on its way and those
 * that are detached: to end streams and refuse the rest at the drain's deadline. */
void http_server_each(struct http_server *server, void (*visit)(void *user, struct exchange *exchange));

/* Closes everything; memory goes when the loop has run the close callbacks. An exchange that has not ended is gone and
 * ends before this returns (a detached one without a word but `end`); one whose handler is the caller ends when that
 * handler has returned. */
void http_server_close(struct http_server *server);
