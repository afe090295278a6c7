// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>

/* What `require` finds:
 *   doors              gateway.*: for everyone, or for the hallway alone; read-only
 *   hallway modules    files directly in a root folder: for the hallway; `schema` and `errors` for scripts too,
 * read-only parts of scripts   files in a folder below a kind's ("providers.dialects.neutral.value"): for scripts A
 * script never requires another script. */

/* Readies the tables in the registry. */
void module_open(lua_State *L);

/* Registers the table on top (popped) as gateway.<name>: for everyone, or for the hallway alone. */
void module_door(lua_State *L, const char *name, bool hallway_only);

/* Forgets every module and part that was loaded: the next require runs its file again (specs share no state). */
void module_forget(lua_State *L);

/* The two `require` functions; both push one value or raise. */
int module_require_by_script(lua_State *L);
int module_require_by_hallway(lua_State *L);
