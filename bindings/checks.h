// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "codec/json.h"

/* Readies the type. */
void bind_checks_type(lua_State *L);

/* checks{ { name, kind, ..., required =, nonempty =, min =, max = }, ... } -> compiled rules. Kinds: string array
 * object boolean number integer. `null` counts as absent. */
int bind_checks_new(lua_State *L);

/* The 1-based position of the first rule of the checks at `index` that does not hold; 0 when all do. */
size_t bind_checks_fault(lua_State *L, int index, const struct json_index *members);
