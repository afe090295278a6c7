// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/arena.h"
#include "script/bundle.h"

/* Which files of the roots belong into a bundle. Inside this room, for bundle.c only. */
struct bundle_walk_file {
  struct bundle_file file; /* without its text; names in the arena */
  size_t root;             /* position of the root it was found below */
};

struct bundle_walk {
  struct arena arena;
  struct bundle_walk_file *files; /* owned; when done: by path, one a path */
  size_t count, capacity;
};

/* -1 with `error`: a root cannot be read, or there are too many files. */
int bundle_walk_run(struct bundle_walk *walk, const struct bundle_sources *sources, struct error *error);
void bundle_walk_free(struct bundle_walk *walk);

/* Appends the catalog's image; what cannot be read or is wrong is a fault in it. */
void bundle_catalog_read(const struct bundle_sources *sources, struct buffer *out);

/* Appends the file's text. A file that is gone meanwhile is an error like another. */
int bundle_walk_read(const struct bundle_walk_file *found, struct buffer *text, struct error *error);
