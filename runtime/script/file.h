// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "script/vm.h"

/* Files of scripts: where they are and how they become chunks. */

/* Whether `name` is one or, with `folders`, several words of letters, digits, '-' and '_' joined by '/'. */
bool file_name_valid(const char *name, bool folders);

/* Finds <root>/<name>.lua in the first root that has it, or <root>/<kind>/<name>.lua in the last one; the path is left
 * in vm->path. False when there is none. */
bool file_find_module(struct vm *vm, const char *name);
bool file_find_script(struct vm *vm, const char *kind, const char *name);

/* "plugins.pii.cards" -> "plugins/pii/cards". False when it names no file in a folder below a kind's. */
enum { FILE_TITLE_SIZE = 96 };
bool file_part_title(const char *name, char title[FILE_TITLE_SIZE]);
/* As file_find_script. */
bool file_find_part(struct vm *vm, const char *title);

/* Pushes the file at vm->path as a function with the environment at registry place `environment`; errors call it
 * `title`.lua. Text only, never bytecode. */
int file_load(struct vm *vm, lua_State *L, const char *title, int environment, struct error *error);
