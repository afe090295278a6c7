// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* Pushes `guard`, the hallway's way to call a hook: guard(fn, ...) -> true, results... | false, error, code. The hook
 * has a CPU count of its own; when it is stopped or eats the memory, the hallway goes on. The code is script_error,
 * script_cpu_limit or script_memory_limit. The hook may wait. Never to be handed to scripts: it ends a stop. */
void guard_push(lua_State *L);

/* Creates it in a fresh VM. */
void guard_open(lua_State *L);
