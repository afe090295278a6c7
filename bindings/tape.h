// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lauxlib.h>
#include <lua.h>

/* For doors whose answers come from outside of a request: adds `functions` to the table on top so that what they return
 * is noted while the request is recorded, and comes from the recording while it is replayed. Only for functions without
 * upvalues that never yield and return nil, booleans, numbers and strings. */
void bind_taped(lua_State *L, const char *door, const luaL_Reg *functions);
