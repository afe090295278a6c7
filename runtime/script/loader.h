// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "base/error.h"
#include "script/vm.h"

/* Script files: text chunks only, run in the sandbox's environment, found in the VM's bundle. A kind is a folder
 * ("providers", "providers/dialects"); kinds and names are made of letters, digits, '-' and '_'. */

/* Pushes an array of the script names in folder `kind`, sorted, without ".lua" and without "contract". Returns how
 * many. */
int loader_list(struct vm *vm, lua_State *L, const char *kind);

/* Loads `<kind>/<name>.lua`, runs it under a CPU count of its own and pushes what it returned. On failure returns -1
 * with file:line in `error` and pushes nothing. */
int loader_load(struct vm *vm, lua_State *L, const char *kind, const char *name, struct error *error);

/* The same for "<folder>/<name>" beside what runs already: the function on top of L (popped in any case) is its
 * `require`, and nobody else sees what it returns. */
int loader_load_beside(struct vm *vm, lua_State *L, const char *title, struct error *error);

/* Where a script was on disk, or null. Borrowed from the bundle. */
const char *loader_path(struct vm *vm, const char *kind, const char *name);
