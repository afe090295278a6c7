// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* The string library of the sandbox: no function makes more than SANDBOX_STRING_LIMIT bytes or runs long. Pushes it;
 * the stock library is the table at `stock`. */
void strings_push(lua_State *L, int stock);
