// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/call.h"
#include "shared/health.h"

/* A call at a target: from being let in until its try has ended, in whatever way. It is tied to the call, so that a
 * script that fails, a client that goes and a deadline that passes give back everything, once, as "neither". */

struct transfer_response;

/* The way of one generation's scripts to a cell; lives as long as their VM. */
struct stay_place {
  struct health_place health;
  unsigned worker; /* whose columns count */
};

struct stay {
  struct call_tie tie; /* of a call's: on its list */
  struct stay *next;   /* the call's, the newest first */
  struct call *call;   /* null: it is tied to nobody (specs) */
  const struct stay_place *place;
  struct breaker_pass pass;
  uint64_t entered_at; /* uv_hrtime */
  const void *sender;  /* the script's task that has entered, where several work for one call */
};

/* Lets `call` in at the place. `list` is where its stays are: the call's, or without one the specs'. YES fills `out`,
 * which lives in the call's arena, or without a call until stay_leave. */
enum health_answer stay_enter(struct call *call, struct stay **list, const struct stay_place *place, uint64_t now,
                              struct stay **out);

/* The same for a call whose turn in the target's queue it is. */
enum health_answer stay_enter_waited(struct call *call, const struct stay_place *place, uint64_t now,
                                     struct stay **out);

/* The newest one there; null when there is none. */
struct stay *stay_find(struct stay *list, const struct stay_place *place);

/* The newest one of this task; where there is none the newest of all; null when there is none at all. */
const struct stay *stay_of(const struct stay *list, const void *sender);

/* What an upstream says of its own limits, in the head of an answer to the call. `place` may be null. */
void stay_head(const struct call *call, const struct stay_place *place, const struct transfer_response *response);

/* Ends that of a try which somebody else was quicker than: at least so long it would have taken. That is measured where
 * it is longer than usual, or the slow answers of a target would be those that nobody knows of. `streamed`: it was the
 * first content that was waited for. */
void stay_lose(struct stay *stay, struct stay **list, bool streamed, uint64_t now);

/* Ends it: measures, when all was well, gives back, and lets in who waits for that. */
enum breaker_change stay_leave(struct stay *stay, struct stay **list, enum health_verdict verdict, double hint_ms,
                               uint64_t now);
