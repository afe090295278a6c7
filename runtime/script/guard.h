// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

/* Pushes `guard`, the hallway's way to call a hook: guard(fn, ...) -> true, results... | false, error, code. The hook
 * has a CPU count of its own; when it is stopped or eats the memory, the hallway goes on. The code is script_error,
 * script_cpu_limit or script_memory_limit. The hook may wait. Never to be handed to scripts: it ends a stop. */
void guard_push(lua_State *L);

/* Who is told how each hook did: how long it ran, waits left out, and whether it failed. */
struct guard_watch {
  void (*note)(struct guard_watch *watch, uint64_t nanoseconds, bool fault);
};

/* Pushes a guard that tells `watch`, which outlives the VM. */
void guard_push_watched(lua_State *L, struct guard_watch *watch);

/* Pushes a function that calls what it is given and tells `watch` how long that took; no guard: what raises passes
 * through, and is not told. */
void guard_push_timed(lua_State *L, struct guard_watch *watch);

/* Creates them in a fresh VM. */
void guard_open(lua_State *L);
