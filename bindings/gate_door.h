// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "script/cutoff.h"

/* The private door `gateway.gate`, of use only in the VMs of the gate and of `moongate check`:
 *   files() -> array of { path, origin, bundled } of the candidate, by path
 *   text(path) -> the file's text; hash(path) -> its SHA-256
 *   elapsed(), cpu() -> milliseconds since some moment, and of the process's CPU time
 *   step(path): the judge begins with this file
 *   limited(milliseconds, fn, ...) calls it and ends it after so much CPU time
 *     -> whether it took too long, the error it ended with or nil, file and line of where it took too long */
void bind_gate(lua_State *L);

#define GATE_PLACE "moongate.gate" /* where a VM's registry has its struct gate */

struct bundle;
struct judge_task;

struct gate {
  const struct bundle *candidate;
  const struct judge_task *task; /* null in `moongate check` */
  struct cutoff cutoff;
  int foundation; /* enum gate_foundation, once it is known */
  char step[512]; /* the file it is busy with, as it lies on the disk */
};

/* Whether what every script stands on (hallway, contracts, parts) is that of the generation that serves. */
enum gate_foundation { FOUNDATION_UNKNOWN, FOUNDATION_SAME, FOUNDATION_OTHER };

/* True when the script was held against its contract before: its bytes and its foundation are those that serve. */
bool bind_gate_judged(lua_State *L, const char *path);

/* step(path), where there may be no gate at all. */
void bind_gate_step(lua_State *L, const char *path);
