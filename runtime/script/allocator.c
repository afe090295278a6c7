// SPDX-License-Identifier: Apache-2.0
#include "script/allocator.h"

#include <lauxlib.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
/* The sanitizer only sees what goes through malloc: a string a binding keeps too long is found this way. */
static void *sanitized_resize(void *user, void *block, size_t old_size, size_t new_size) {
  (void)user;
  (void)old_size;
  if (new_size > 0) return realloc(block, new_size);
  free(block);
  return NULL;
}
#endif

int allocator_open(struct allocator *allocator, size_t limit, struct error *error) {
  *allocator = (struct allocator){.limit = limit};
#if defined(__SANITIZE_ADDRESS__)
  allocator->resize = sanitized_resize;
#else
  allocator->lender = luaL_newstate();
  if (!allocator->lender) return error_set(error, 500, "script_memory_limit", "no memory for a script VM");
  allocator->resize = lua_getallocf(allocator->lender, &allocator->heap);
#endif
  (void)error;
  return 0;
}

void allocator_close(struct allocator *allocator) {
  if (allocator->lender) lua_close(allocator->lender);
  allocator->lender = NULL;
}

/* LuaJIT's heap maps blocks from 128 KiB on by themselves: closing it does not find them. */
enum { LEAVE_BELOW = 64 * 1024 };

void allocator_drop(struct allocator *allocator) {
  allocator->dropped = allocator->lender != NULL;
}

void *allocator_resize(void *user, void *block, size_t old_size, size_t new_size) {
  struct allocator *allocator = user;
  bool grows = new_size > old_size;
  if (new_size == 0 && allocator->dropped && old_size < LEAVE_BELOW) return NULL;
  if (grows && allocator->capped && allocator->limit > 0 &&
      (allocator->used >= allocator->limit || new_size - old_size > allocator->limit - allocator->used)) {
    allocator->refused++;
    return NULL;
  }
  void *moved = allocator->resize(allocator->heap, block, old_size, new_size);
  if (moved || new_size == 0) allocator->used += new_size - old_size;
  return moved;
}
