// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* The table library of the sandbox: it refuses read-only views and runs for a bounded time. Pushes it; the stock
 * library is the table at `stock`. */
void tables_push(lua_State *L, int stock);

/* The bounded `unpack`. */
int tables_unpack(lua_State *L);
