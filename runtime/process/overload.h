// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

/* Whether this worker, and all of them together, can take more on. Memory is what every worker holds and what the
 * bodies it has let in will still need: whoever's tick finds too much, or enough again, says so for all of them. The
 * loop, each worker's own, lags when its ticks come late, or when what is ready waits so long for its turn (the loop
 * spreads jobs over turns, so that ticks are in time whatever waits), several times in succession: one long turn is
 * nothing. Zero at first. */
struct worker;
struct call;

struct overload {
  uint64_t budget;  /* bytes for all workers */
  uint64_t settled; /* promised to bodies that are over since the last tick */
  uint64_t ticked;  /* loop milliseconds */
  uint64_t queued;  /* when `job` began to wait, in loop milliseconds */
  uint64_t waited;  /* for how long the last one did */
  struct loop_job job;
  unsigned late; /* looks in succession that found more than is allowed */
  unsigned trim; /* ticks until memory is given back again */
  bool lagging;
};

enum { OVERLOAD_TICK_MS = 250 };

/* Before the first tick. */
void overload_open(struct worker *worker);

/* Takes the budget from the settings, or from what the system gives. */
void overload_configure(struct worker *worker);

/* Looks at the loop and the memory; called OVERLOAD_TICK_MS apart. */
void overload_tick(struct worker *worker);

/* Why this request must not begin ("memory", "body": only its own size is in the way, "loop_lag"), or null: it may, and
 * what its body will need is promised to it. */
const char *overload_judge(struct call *call);

/* Memory has run out: no worker lets anything new in. */
bool overload_full(const struct worker *worker);

/* The body is there: it counts until the next tick has seen what it takes. Harmless when nothing was promised. */
void overload_settle(struct call *call);

/* The body will not come, or is gone: there is room for others at once. As harmless. */
void overload_release(struct call *call);
