// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

/* `moongate spec PATH...`: runs busted in a VM with the real doors and, for the specs alone, the full standard library.
 * `argv` are busted's arguments (files, folders, options); folders are searched for *_spec.lua. Returns the exit code:
 * 0 only when everything passed. */
int spec_run(int argc, char **argv, const char *const *roots, size_t root_count);
