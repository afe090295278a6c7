// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "match/recipe.h"

struct match_pool;
struct match_set;

/* The set in the box at `index`, borrowed while the box is on the stack; raises when it is none. */
struct match_set *bind_match_set(lua_State *L, int index);

/* Pushes a set as scripts hold it; takes over the caller's share, also when it raises. */
void bind_match_push(lua_State *L, struct match_set *set);

/* Makes the set of the words or patterns in the table at 1 with the options at 2, or waits for it: to be returned by
 * the function of the door. Raises what is wrong with them. */
int bind_match_make(lua_State *L, enum match_kind kind);

/* Readies the pool of a VM without a worker (specs, check). */
void bind_match_pool_open(lua_State *L);
