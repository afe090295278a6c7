// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* string.find, match, gmatch and gsub as Lua 5.1 has them, on the bounded matcher: a pattern that takes too many steps
 * raises "pattern too expensive". */
void search_functions(lua_State *L); /* adds them to the table on top */
