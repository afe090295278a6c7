// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "loop/loop.h"

/* Private to this room. The idle connections of one origin, the newest in front. Reading stays on, so that a server's
 * close is noticed at once. */

struct origin;
struct connection;

struct pool {
  struct list idle;
  unsigned count;
  struct timer timer; /* closes what was idle for too long; runs while there is something */
};

void pool_init(struct pool *pool);

/* Takes a connection over, or closes it when it is too old or there are too many. */
void pool_put(struct connection *connection);

/* The most recently used connection, or null. The caller owns it and sets its user. */
struct connection *pool_take(struct origin *origin);

/* Closes every idle connection. */
void pool_clear(struct origin *origin);
