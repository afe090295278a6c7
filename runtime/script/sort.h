// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* Sorts the `len` elements of the table at index 1 with the comparison at index 2 (nil: `<`). A merge sort: stable,
 * and never more than len * log2(len) comparisons, however inconsistent they are. */
void sort_table(lua_State *L, int len);
