// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"
#include "base/slice.h"

/* Writes a new file at `path` below `folder`, making the folders on the way. Never changes one that is there: -1 with
 * `error`. */
int new_file_write(const char *folder, const char *path, struct slice text, struct error *error);

/* Whether something is at that path. */
bool new_file_taken(const char *folder, const char *path);
