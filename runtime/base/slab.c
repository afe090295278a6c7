// SPDX-License-Identifier: Apache-2.0
#include "base/slab.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__)

void slab_init(struct slab *slab, size_t object_size) {
  slab->size = object_size;
  list_init(&slab->chunks);
}

void *slab_take(struct slab *slab) {
  void *object = calloc(1, slab->size);
  REQUIRE(object != NULL);
  return object;
}

void slab_give(struct slab *slab, void *object) {
  (void)slab;
  free(object);
}

void slab_free(struct slab *slab) {
  (void)slab;
}

#else

enum { CHUNK = 64 * 1024, SPARE_MAX = 1, ALIGN = 16 };

struct chunk { /* at the start of CHUNK bytes aligned to CHUNK: an object finds it by its address */
  struct list node;
  void *free; /* objects given back, linked through their first word */
  size_t used, fresh, capacity;
};

static size_t chunk_header(void) {
  return (sizeof(struct chunk) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void slab_init(struct slab *slab, size_t object_size) {
  slab->size = (object_size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  slab->spare = 0;
  list_init(&slab->chunks);
  REQUIRE(slab->size <= CHUNK / 8);
}

static struct chunk *chunk_with_room(struct slab *slab) {
  if (!list_empty(&slab->chunks)) return LIST_OWNER(slab->chunks.next, struct chunk, node);
  struct chunk *chunk = aligned_alloc(CHUNK, CHUNK);
  REQUIRE(chunk != NULL);
  *chunk = (struct chunk){.capacity = (CHUNK - chunk_header()) / slab->size};
  list_push_front(&slab->chunks, &chunk->node);
  slab->spare++;
  return chunk;
}

void *slab_take(struct slab *slab) {
  struct chunk *chunk = chunk_with_room(slab);
  if (chunk->used++ == 0) slab->spare--;
  void *object = chunk->free;
  if (object) {
    memcpy(&chunk->free, object, sizeof chunk->free);
  } else {
    object = (char *)chunk + chunk_header() + chunk->fresh++ * slab->size;
  }
  if (chunk->used == chunk->capacity) list_remove(&chunk->node);
  return memset(object, 0, slab->size);
}

void slab_give(struct slab *slab, void *object) {
  struct chunk *chunk = (struct chunk *)((uintptr_t)object & ~(uintptr_t)(CHUNK - 1));
  memcpy(object, &chunk->free, sizeof chunk->free);
  chunk->free = object;
  if (chunk->used-- == chunk->capacity) list_push_back(&slab->chunks, &chunk->node);
  if (chunk->used > 0) return;
  if (slab->spare++ < SPARE_MAX) return;
  slab->spare--;
  list_remove(&chunk->node);
  free(chunk);
}

void slab_free(struct slab *slab) {
  while (!list_empty(&slab->chunks)) {
    struct chunk *chunk = LIST_OWNER(slab->chunks.next, struct chunk, node);
    list_remove(&chunk->node);
    free(chunk);
  }
}

#endif
