// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* gateway.control: generations, for lua/admin/scripts.lua (private). A generation is a table
 *   { number, id, activated_at (Unix seconds, with a fraction), active (boolean), previous (number or nil),
 *     state ("active" | "kept" | "rolled_back"), note (text or nil: why it was rolled back) }
 *
 *   reload(call[, { all_specs = boolean }])   waits until what is on disk now is active everywhere or refused
 *       -> generation | nil, reasons (JSON text: an array of {"file","line","message"})
 *   rollback(call, number)                    waits -> generation | nil, "unknown" | nil, "failed", message
 *   generations() -> array of generations, newest first
 *   active() -> generation
 *   report() -> JSON text of the active generation's report (see process/judge.h) | nil
 *   rejected() -> at (Unix seconds), JSON text of the last refused candidate's report | nil
 *   stats() -> array of { kind, name, count, faults, p99_us } of the active generation, all workers' sums */
void bind_control(lua_State *L);
