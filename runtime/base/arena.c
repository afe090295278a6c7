// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdlib.h>

#include "base/check.h"

/* The first block holds an ordinary request; the few bytes that do not fit get smaller ones. */
enum { ARENA_BLOCK = 3392 - 64, ARENA_MORE = 1024 - 64, ARENA_ALIGN = 16 };

struct arena_block {
  struct arena_block *next;
  size_t used;
  size_t size;
  char padding[8];
  char bytes[];
};

static struct arena_block *block_add(struct arena *arena, size_t need) {
  size_t usual = arena->blocks ? ARENA_MORE : ARENA_BLOCK;
  size_t size = need > usual / 2 ? need : usual;
  struct arena_block *block = malloc(sizeof *block + size);
  REQUIRE(block != NULL);
  block->used = 0;
  block->size = size;
  if (size != usual && arena->blocks) { /* a large piece of its own must not hide the room left in the newest block */
    block->next = arena->blocks->next;
    arena->blocks->next = block;
  } else {
    block->next = arena->blocks;
    arena->blocks = block;
  }
  return block;
}

static void *take(struct arena *arena, size_t size) {
  size_t need;
  REQUIRE(!__builtin_add_overflow(size, ARENA_ALIGN - 1, &need));
  need &= ~(size_t)(ARENA_ALIGN - 1);
  struct arena_block *block = arena->blocks;
  if (!block || block->size - block->used < need) block = block_add(arena, need);
  void *memory = block->bytes + block->used;
  block->used += need;
  return memory;
}

void *arena_alloc(struct arena *arena, size_t size) {
  return memset(take(arena, size), 0, size);
}

struct slice arena_copy(struct arena *arena, struct slice bytes) {
  if (bytes.len == 0) return slice_make("", 0);
  return slice_make(memcpy(take(arena, bytes.len), bytes.ptr, bytes.len), bytes.len);
}

void arena_reset(struct arena *arena) {
  struct arena_block *kept = NULL;
  for (struct arena_block *block = arena->blocks; block;) {
    struct arena_block *next = block->next;
    if (!kept && block->size == ARENA_BLOCK) {
      kept = block;
    } else {
      free(block);
    }
    block = next;
  }
  if (kept) {
    kept->next = NULL;
    kept->used = 0;
  }
  arena->blocks = kept;
}

void arena_free(struct arena *arena) {
  for (struct arena_block *block = arena->blocks; block;) {
    struct arena_block *next = block->next;
    free(block);
    block = next;
  }
  arena->blocks = NULL;
}
