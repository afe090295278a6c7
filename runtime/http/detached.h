// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "http/exchange.h"

/* Exchanges whose client has left while their handler goes on. Private to this room.
 *
 * The connection closes at once. In its place stands one without a socket, which is lost: nothing is ever written, and
 * what the exchange's functions ask of a connection they find there. Its job is the exchange's end: the `end` event,
 * then both their memory. */

/* The handler has kept an exchange that is not finished and whose body is over. One that had said EXCHANGE_FULL hears
 * `writable` in here: nobody holds it back any more. */
void http_exchange_detach(struct exchange *exchange);

/* Calls `visit` for each that is not finished. */
void http_detached_each(struct http_server *server, void (*visit)(void *user, struct exchange *exchange));

/* Ends all of them, finished or not: each gets its `end`. */
void http_detached_end_all(struct http_server *server);
