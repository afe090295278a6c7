// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "script/vm.h"

/* Files of scripts: where they are and how they become chunks. */

/* Whether `name` is one or, with `folders`, several words of letters, digits, '-' and '_' joined by '/'. */
bool file_name_valid(const char *name, bool folders);

/* Finds <name>.lua, or <kind>/<name>.lua, in the VM's bundle and leaves it in vm->file. False when there is none. */
bool file_find_module(struct vm *vm, const char *name);
bool file_find_script(struct vm *vm, const char *kind, const char *name);

/* The same for "folder/name", whatever the folder. */
bool file_find_title(struct vm *vm, const char *title);

/* "plugins.pii.cards" -> "plugins/pii/cards". False when it names no file in a folder below a kind's. */
enum { FILE_TITLE_SIZE = 96 };
bool file_part_title(const char *name, char title[FILE_TITLE_SIZE]);
/* As file_find_script. */
bool file_find_part(struct vm *vm, const char *title);
/* A file below a kind's folder that is no script of its own: "plugins/pii/cards.lua". */
bool file_is_part(const char *path);

/* Pushes vm->file as a function with the environment at registry place `environment`; errors call it `title`.lua. Text
 * only, never bytecode. */
int file_load(struct vm *vm, lua_State *L, const char *title, int environment, struct error *error);

/* Compiles files of the bundle, from the one at `*position` on, for about `nanoseconds`; file_load then finds them
 * ready. False when all are done. What cannot be compiled is left to file_load, which says why. */
bool file_compile(struct vm *vm, size_t *position, uint64_t nanoseconds);
