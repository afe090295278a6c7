// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream/connection.h"

/* Private to this room. From an origin to a ready connection: its addresses, one after the other, then TLS. */
struct dial;

/* `done` is called once, from the loop: with a connection that is now the owner's, or with an error (`connection` is
 * null then). The dial is gone by then. `timeout_ms` is for all TCP attempts together, and again for TLS; 0 = none. */
struct dial *dial_start(struct origin *origin, unsigned timeout_ms,
                        void (*done)(void *owner, struct connection *connection, const struct error *error),
                        void *owner);

/* `done` is not called any more. */
void dial_cancel(struct dial *dial);
