// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

/* What the worker itself tells of (events/events.h): the end of every routed request, and what becomes of generations.
 * Words of prompts and answers are never in it; every text passes the redactor. */
struct call;
struct exchange;
struct generation;
struct worker;

/* Opens worker->events: deliveries run in the generation that serves. */
void tell_open(struct worker *worker);

/* The end: nobody listens any more. Before the loop closes. */
void tell_nobody(struct worker *worker);

/* A routed request is over, with this status; `now` of uv_hrtime. Nothing when nobody wants to know. */
void tell_request(struct worker *worker, const struct exchange *exchange, const struct call *call, uint64_t now,
                  int status);

/* `generation` serves from now on: its listeners listen. In the first worker alone the change itself is told, once
 * for the whole program. */
void tell_generation(struct worker *worker, const struct generation *generation);

/* In the first worker alone: what the gate has refused since the last time. */
void tell_refused(struct worker *worker);
