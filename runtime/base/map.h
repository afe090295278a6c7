// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/slice.h"

/* Bytes -> pointer. Owns copies of its keys, borrows its values. Seeded, so a peer who chooses keys cannot choose
 * collisions. Zero-initialised is empty and valid. Entries are never removed one by one. */
struct map {
  struct map_entry *entries; /* owned */
  size_t count;
  size_t capacity; /* 0 or a power of two */
};

void *map_get(const struct map *map, struct slice key);
void map_set(struct map *map, struct slice key, void *value);
void map_free(struct map *map);

/* The process's seeded hash of `bytes` (SipHash-1-3). The seed is drawn by the kernel when the program starts. */
uint64_t map_hash(struct slice bytes);
