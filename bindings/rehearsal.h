// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

/* What stands in for time and the network in specs, where no worker and no loop are: waits are over at once, fetches go
 * to a function of the spec's, work put off runs when the spec says. */

/* Before a spec file: everything as at the beginning. The doors of this VM rehearse from the first call on. */
void rehearsal_open(lua_State *L);

/* False outside of specs. */
bool rehearsal_is_on(lua_State *L);

/* For the doors: a wait of so many milliseconds is over; the fetch whose request table is on top (pops it, pushes what
 * the fake says); the function with its arguments on the stack from 1 on is put off. */
void rehearsal_sleep(lua_State *L, lua_Number milliseconds);
int rehearsal_fetch(lua_State *L);
void rehearsal_later(lua_State *L);
/* The message at 1 with its fields at 2 (a table or nil) would be a log line; an event would be counted. */
void rehearsal_log(lua_State *L, const char *level);
void rehearsal_count(lua_State *L, const char *name, lua_Number by);

/* The functions of gateway.spec for the above, see there. */
extern const luaL_Reg rehearsal_functions[];
