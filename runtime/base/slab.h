// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

#include "base/list.h"

/* Objects of one size, kept together in chunks of 64 KiB: what lives long (connections) does not share pages with what
 * comes and goes, so that a burst's memory can be given back. Under a sanitizer every object is its own allocation. */
struct slab {
  size_t size;        /* of an object, rounded up */
  struct list chunks; /* those with room, the fullest first as they come */
  unsigned spare;     /* chunks without any object that are kept */
};

void slab_init(struct slab *slab, size_t object_size);

/* Zeroed memory. Never null. */
void *slab_take(struct slab *slab);
void slab_give(struct slab *slab, void *object);

/* Every object has been given back. */
void slab_free(struct slab *slab);
