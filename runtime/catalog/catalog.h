// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* What is known of models, by "provider/model": a row of JSON each, found by a hash. Made once from the files
 * (catalog/build.h); the bytes hold no pointers, so they can lie in a bundle, at any address. Nothing here knows what a
 * row means.
 *
 * image  the bytes
 * row    a model's JSON object, as the files had it or merged of several of them
 * fault  what was wrong with the files: a line each for whoever has to put it right */

/* A view. Borrows the bytes; zero-initialised is empty and valid. */
struct catalog {
  struct slice bytes;
  uint32_t rows, faults;
};

struct catalog_row {
  struct slice key, row;
};

struct catalog_fault {
  struct slice path, message;
  uint32_t line; /* 0: of the whole file */
};

/* False when `bytes` are no image; the view is empty then. */
bool catalog_view(struct catalog *catalog, struct slice bytes);

/* The row of exactly this key. O(1). */
bool catalog_find(const struct catalog *catalog, struct slice key, struct slice *row);

/* In the order of their keys' bytes. */
struct catalog_row catalog_at(const struct catalog *catalog, uint32_t position);

/* The positions [*first, return value) of the keys that begin with `prefix`. */
uint32_t catalog_range(const struct catalog *catalog, struct slice prefix, uint32_t *first);

struct catalog_fault catalog_fault_at(const struct catalog *catalog, uint32_t position);
