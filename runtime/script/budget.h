// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>

/* CPU time of scripts. A watchdog thread looks every few milliseconds whether the worker's thread has been inside one
 * entry of Lua for longer than the limit (thread CPU time, so a busy machine does not count) and arms a hook that
 * raises; the entry itself costs two stores. With the JIT off such a hook stops every Lua loop; pcall cannot swallow
 * it. */
struct budget;

struct budget *budget_open(unsigned limit_ms); /* one per worker thread, called on that thread */
void budget_close(struct budget *budget);

void budget_enter(struct budget *budget, lua_State *L);
/* Returns true when the entry was stopped for its CPU time. */
bool budget_leave(struct budget *budget);
/* Starts a new count inside an entry: one hook's time is not another's. */
void budget_renew(struct budget *budget);
/* Set while an exceeded entry unwinds: guarded pcall re-raises. */
bool budget_exceeded(const struct budget *budget);
