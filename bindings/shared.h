// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* From now on this VM shares nothing: what its scripts count and keep is its own. For code that runs beside the live
 * one and must leave no trace. */
void bind_shared_private(lua_State *L);

/* Forgets what this VM keeps for itself where it shares nothing (specs, gate): the next spec file finds it empty. */
void bind_shared_forget(lua_State *L);
