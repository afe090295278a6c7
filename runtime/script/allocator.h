// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The memory of one VM: LuaJIT's own heap, private to this VM, with the bytes counted and a cap that holds while a
 * script runs. Growth above the cap is refused, which Lua turns into a catchable "not enough memory". */
struct allocator {
  lua_State *lender; /* owned: an empty state whose heap we use; closing it gives every page back at once */
  lua_Alloc resize;
  void *heap;
  size_t used;
  size_t limit;     /* 0 = none */
  bool capped;      /* a script is running */
  bool dropped;     /* the whole heap goes soon: nothing is given back one by one */
  unsigned refused; /* growths refused since the owner last looked */
};

int allocator_open(struct allocator *allocator, size_t limit, struct error *error);
void allocator_close(struct allocator *allocator); /* after every state in it is closed */

/* The states in it are about to be closed: with a heap of its own to drop, that takes half the time. */
void allocator_drop(struct allocator *allocator);

/* A lua_Alloc; `user` is the allocator. */
void *allocator_resize(void *user, void *block, size_t old_size, size_t new_size);
