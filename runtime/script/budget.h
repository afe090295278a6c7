// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>

/* CPU time of scripts. A watchdog thread looks every few milliseconds whether the worker's thread has been inside one
 * entry of Lua for longer than the limit (thread CPU time, so a busy machine does not count) and arms a hook that
 * raises; the entry itself costs two atomic stores. With the JIT off such a hook stops every Lua loop; it stays armed
 * until the entry is left, so pcall cannot swallow it. When no entry has been seen for a while the watchdog sleeps
 * until the next one. */
struct budget;

struct budget *budget_open(unsigned limit_ms); /* one per worker thread, called on that thread */
void budget_close(struct budget *budget);
/* Another limit from the next look on. */
void budget_limit(struct budget *budget, unsigned limit_ms);

/* Entries may nest (a script that loads a script): each has its own count, and the outer one starts afresh. */
void budget_enter(struct budget *budget, lua_State *L);
/* Returns true when the entry was stopped for its CPU time. */
bool budget_leave(struct budget *budget);
/* Starts a new count inside an entry and ends a stop that is under way: one hook's time is not another's. Only for code
 * that scripts cannot call. */
void budget_renew(struct budget *budget);
/* Adds to what the present count may use, a second in all at most: honest work on a large input is no runaway script.
 * Only for code that scripts cannot call. */
void budget_extend(struct budget *budget, unsigned milliseconds);
bool budget_inside(const struct budget *budget);
/* True from the moment the count is used up until the entry is left or renewed: loops in C ask, then budget_stop. */
bool budget_exceeded(const struct budget *budget);
/* Raises "script ran longer than N ms of CPU" in L. */
int budget_stop(struct budget *budget, lua_State *L);
/* True when the present entry has been stopped: its error is the budget's. */
bool budget_stopped(const struct budget *budget);
