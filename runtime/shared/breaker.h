// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A circuit breaker that all processes share (gateway-api 3.5 and appendix E):
 *
 *   closed --N failures in a row, or too large a share of failures--> open --the time-out is over--> half-open
 *   half-open: at most `probes` calls at a time; M successes --> closed, any failure --> open
 *
 * Its state is one word, changed by compare-and-swap alone, and each probe is one more that names its owner: a process
 * that is killed between any two instructions leaves nothing half done, and breaker_forget gives back what it held.
 * Every change of state begins a new epoch; what is heard of calls of an older one is ignored. */

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum { BREAKER_PROBES_MAX = 32, BREAKER_BUCKETS = 8 };

/* Zero-initialised it is closed. */
struct breaker {
  _Atomic uint64_t word;
  _Atomic uint64_t window[BREAKER_BUCKETS]; /* calls and failures, of the last stretches of time */
  _Atomic uint64_t probes[BREAKER_PROBES_MAX];
};

/* Belongs to a configuration, not to the breaker: each call brings its own. */
struct breaker_rules {
  unsigned failures, successes; /* thresholds */
  unsigned probes;              /* at a time; at most BREAKER_PROBES_MAX */
  uint64_t timeout_ms;
  unsigned window_ms; /* 0: no share of failures opens it */
  unsigned window_requests;
  double window_rate; /* 0 to 1 */
};

enum { BREAKER_FAILURES = 5, BREAKER_SUCCESSES = 1, BREAKER_PROBES = 1, BREAKER_TIMEOUT_MS = 30000 };

/* Puts the defaults in the place of what is 0, and keeps the limits. */
void breaker_rules_complete(struct breaker_rules *rules);

/* Almost always: then there is nothing to ask. */
static inline bool breaker_is_closed(const struct breaker *breaker) {
  return (atomic_load(&breaker->word) & 3) == BREAKER_CLOSED;
}

struct breaker_view {
  enum breaker_state state; /* an open one whose time is over reads as half-open */
  bool refuses;             /* open, or half-open without a free probe */
  uint64_t until_ms;        /* of an open one */
  uint64_t failures;        /* in a row, of a closed one */
};

/* Looks and changes nothing. `now` is monotonic milliseconds, here and below. */
struct breaker_view breaker_look(const struct breaker *breaker, const struct breaker_rules *rules, uint64_t now);

/* What a call was let in with. */
struct breaker_pass {
  uint32_t epoch;
  enum breaker_state state;
  bool half_opened; /* the first probe of all: somebody has to tell of the change */
  unsigned probe;   /* its place, when the state is half-open */
  uint64_t probe_word;
};

/* Lets one call of `worker` in, or does not. */
bool breaker_enter(struct breaker *breaker, const struct breaker_rules *rules, unsigned worker, uint64_t now,
                   struct breaker_pass *pass);

enum breaker_outcome { BREAKER_OK, BREAKER_FAILURE, BREAKER_NEITHER };
enum breaker_change { BREAKER_SAME, BREAKER_HAS_OPENED, BREAKER_HAS_CLOSED };

/* The call is over: once for each pass. */
enum breaker_change breaker_leave(struct breaker *breaker, const struct breaker_rules *rules,
                                  const struct breaker_pass *pass, enum breaker_outcome outcome, uint64_t now);

/* The process of that worker is gone: its probes are free. */
void breaker_forget(struct breaker *breaker, unsigned worker);
