// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

/* Ends Lua that has run for too long where no budget counts it: a whole spec file in the gate. A timer of the process's
 * CPU time raises SIGPROF, whose handler arms a hook that raises until the run is over, so that pcall cannot swallow
 * it. For a process of one thread that runs Lua; one at a time. */
struct cutoff {
  lua_State *L;
  timer_t timer;
  unsigned limit_ms;
  volatile sig_atomic_t passed;
  char file[96]; /* where it was: the nearest spec or script on the stack; empty = none */
  int line;
};

/* Starts to count. -1 when the system has no timer left. */
int cutoff_start(struct cutoff *cutoff, lua_State *L, unsigned limit_ms);

/* Ends the count; true when the limit was passed. */
bool cutoff_stop(struct cutoff *cutoff);
