// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "loop/timer.h"

struct connection;

/* How long a connection may stay in its present state. One timer each; what it means follows from the state. */

/* Starts, moves or stops the timer as the state wants it: to be called when the state has changed. */
void http_deadline_set(struct connection *connection);

void http_deadline_fire(struct timer *timer);
