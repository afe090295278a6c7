// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* Forgets what this VM keeps for itself where it shares nothing (specs, gate): the next spec file finds it empty. */
void bind_shared_forget(lua_State *L);
