// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>

/* CPU time of one hook or one script's loading in a spec: enough for a slow machine, so that what never ends is told.
 */
enum { SPEC_HOOK_CPU_MS = 250 };

/* The privileged world that specs run in: the full standard library, busted, every door, and the scripts in their
 * sandbox. One VM's; lives on its opener's stack until the VM is closed. */
struct spec_world {
  const char *home;    /* borrowed: the folder beside which the bundled scripts' specs lie, in its folder spec */
  const char *overlay; /* borrowed: the operator's folder; empty = none */
  int exit_code;       /* what os.exit was called with */
};

#define SPEC_WORLD "moongate.spec_world" /* where the registry has it, as a light userdata */

/* For vm_options.open_doors: every door, and gateway.spec. */
void spec_doors_open(lua_State *L);

/* Readies `require`, os.exit (which ends the run, not the process: see spec_world_left) and gateway.spec. May raise. */
void spec_world_open(lua_State *L, struct spec_world *world);

/* True when the error value on top says that os.exit was called; exit_code is what with. */
bool spec_world_left(lua_State *L, const struct spec_world *world);

/* `require "gateway.spec"`: the door and what lua/testing.lua adds, everything forgotten that was loaded before. */
int spec_door_load(lua_State *L);
