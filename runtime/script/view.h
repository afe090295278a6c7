// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* Read-only views: what scripts get of every table they share. */

/* Replaces the table on top by a view of a copy of it; tables in it become views too (16 deep, deeper raises). */
void view_freeze(lua_State *L);

/* Raises when the value at `index` is no table, or a view. */
void view_check_table(lua_State *L, int index);
