// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "loop/loop.h"
#include "tls/tls.h"
#include "upstream/origin.h"

/* Private to this room. One TCP socket towards an origin, maybe with TLS on it. Owned by its user; after
 * connection_close, or the `ended` event, the loop owns it and frees it in the close callback. */

enum connection_end {
  CONNECTION_FINISHED,    /* FIN; with TLS after a close_notify */
  CONNECTION_CUT,         /* FIN in the middle of TLS */
  CONNECTION_RESET,       /* the socket failed */
  CONNECTION_TLS_FAILED,  /* handshake or record broken */
  CONNECTION_REFUSED,     /* while connecting */
  CONNECTION_UNREACHABLE, /* while connecting */
};

/* All are called from the loop. `turn` and `sent` may be null; the first two where a user cannot get them, too. */
struct connection_events {
  void (*connected)(void *user);                /* TCP is there */
  void (*secured)(void *user);                  /* TLS is there, after connection_secure */
  void (*data)(void *user, struct slice bytes); /* decrypted; valid inside the call only */
  void (*turn)(void *user);                     /* everything that was read has been told */
  void (*sent)(void *user);                     /* what connection_send had to queue has left */
  void (*ended)(void *user, enum connection_end end, const char *reason); /* closed by itself: forget it */
};

struct connection {
  uv_tcp_t tcp;
  struct origin *origin;     /* borrowed; not used once it is closing */
  struct upstream *upstream; /* outlives the origin: its slab holds this memory */
  struct tls *tls;           /* owned; null without TLS */
  const struct connection_events *events;
  void *user;
  struct list node;      /* in the origin's pool */
  uint64_t opened_at;    /* loop milliseconds */
  uint64_t idle_since;   /* loop milliseconds */
  unsigned writes;       /* queued in libuv */
  bool paused, securing; /* no reading; in the handshake */
  bool filled;           /* the last read filled the buffer: more may be waiting */
  bool write_failed, closing;
};

/* Starts connecting. Null with `*status` (a libuv error) when that fails at once. */
struct connection *connection_open(struct origin *origin, const union address *address,
                                   const struct connection_events *events, void *user, int *status);

void connection_use(struct connection *connection, const struct connection_events *events, void *user);

/* Starts the handshake on a connected socket. Returns -1 with `error` when there is none to start; `secured` or `ended`
 * follow otherwise. */
int connection_secure(struct connection *connection, struct error *error);

/* Writes the pieces with one system call and keeps a private copy of what the kernel did not take: `sent` follows when
 * connection->writes is not 0 afterwards. Returns a libuv error when not one byte went out: the connection is useless
 * then, and still the caller's. */
int connection_send(struct connection *connection, const struct slice *pieces, unsigned count);

/* The same for one buffer, whose memory is taken over (or freed) in every case. */
int connection_send_buffer(struct connection *connection, struct buffer *bytes);

/* Stops and restarts the `data` events. Restarting tells what is decrypted already, then `turn`: never from inside an
 * event of the connection. */
void connection_pause(struct connection *connection);
void connection_resume(struct connection *connection);

/* Reuse is safe as far as the socket knows: nothing half sent, nothing unread. */
bool connection_quiet(const struct connection *connection);

void connection_close(struct connection *connection);
