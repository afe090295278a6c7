// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"
#include "shared/segment.h"

/* The listening sockets of a program: one per worker on one address, so that the kernel spreads connections over them
 * and each worker waits on its own. The supervisor keeps all of them open: connections in the queue of a worker that
 * died wait for its replacement. */
enum { LISTEN_ADDRESS_SIZE = 80 };

struct listeners {
  unsigned count;
  int fds[SEGMENT_WORKERS_MAX];      /* owned; non-blocking, close-on-exec */
  char address[LISTEN_ADDRESS_SIZE]; /* "127.0.0.1:8080", "[::]:8080": with the port chosen when 0 was asked for */
};

/* `host` is an IPv4 or IPv6 address (brackets allowed), "localhost" (127.0.0.1), or a name of this machine; "::" takes
 * IPv4 too. Port 0: any free one. Refuses an address that anybody listens on, also another moongate of the same user
 * (which the kernel would let share it). On failure -1, nothing is open, and `error` says what to do. */
int listen_open(struct listeners *listeners, const char *host, unsigned port, unsigned count, struct error *error);

/* Safe when already closed. */
void listen_close(struct listeners *listeners);
