// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "base/error.h"
#include "script/vm.h"

/* Script files: text chunks only, run in the sandbox's environment, found in the VM's roots (the last root that has the
 * file wins: an operator's script replaces the bundled one of the same name). A kind is a folder ("providers",
 * "providers/dialects"); kinds and names are made of letters, digits, '-' and '_'. */

enum { LOADER_FILE_LIMIT = 1024 * 1024 };

/* Pushes an array of the script names in folder `kind`, sorted, without ".lua" and without "contract". Returns how
 * many. */
int loader_list(struct vm *vm, lua_State *L, const char *kind);

/* Loads `<kind>/<name>.lua`, runs it under a CPU count of its own and pushes what it returned. On failure returns -1
 * with file:line in `error` and pushes nothing. */
int loader_load(struct vm *vm, lua_State *L, const char *kind, const char *name, struct error *error);

/* The path a script was found at, or null. Valid until the next call. */
const char *loader_path(struct vm *vm, const char *kind, const char *name);
