// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

#include "base/buffer.h"

enum { CATALOG_FILE_MAX = 32 << 20, CATALOG_FAULTS_MAX = 100 };

/* A file: {"schema":1,"models":{"provider/model":{...},...}}. docs/catalog.md has the members of a row. */
struct catalog_source {
  const char *path;   /* for messages */
  struct slice text;  /* borrowed */
  const char *unread; /* null, or why it could not be read */
};

/* Appends the image of the sources, the later over the earlier: a row's members replace those of the row before it, a
 * member that is null or a row that is null goes away. What is wrong becomes a fault of the image; a source or row with
 * a fault is left out. */
void catalog_build(const struct catalog_source *sources, size_t count, struct buffer *out);
