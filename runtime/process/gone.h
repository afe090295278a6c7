// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "http/exchange.h"

/* What becomes of a call whose client has left, by the policy of its endpoint (client_gone of the configuration).
 *
 * To cancel is to let go of everything at once. To drain or to finish is to let the script go on with the exchange
 * detached (http/exchange.h): it reads the upstream's answer to its end, and what was used and what that cost is the
 * provider's own count. A drained call is there for that alone: its script asks call_drained and does nothing more than
 * that, and nothing new is begun. A call of which no upstream has seen anything yet is cancelled rather than drained.
 * Bounded in number by client_gone.calls_per_worker and in time by what bounds every call to an upstream; and an
 * overloaded worker takes none on. */
struct call;
struct worker;

enum gone { GONE_NOT, GONE_CANCEL, GONE_DRAIN, GONE_FINISH };

/* Nobody but the accounts wants what comes. */
bool call_drained(const struct call *call);

/* "cancel", "drain", "finish"; "answered" of one whose answer was whole when the client was missed. */
const char *call_gone_name(const struct call *call);

/* The http handler's event: returns an enum http_parting. */
int call_gone(void *user, struct exchange *exchange);

/* Where memory has run out, drained calls are cancelled after all. Called with each tick. */
void gone_make_room(struct worker *worker);

/* Lets go of everything that runs for it, whatever the policy. */
void call_drop(void *user, struct exchange *exchange);
