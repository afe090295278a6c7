// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

/* The environment scripts see: an allow-list of functions, libraries behind read-only views, no global writes. It
 * protects against accidents of trusted operators; it is no jail for hostile code. */

enum {
  SANDBOX_STRING_LIMIT = 8 * 1024 * 1024, /* no function makes a longer one */
  SANDBOX_BIG_STRING = 64 * 1024,         /* room is made first */
  SANDBOX_SORT_LIMIT = 100000,
  SANDBOX_UNPACK_LIMIT = 1000
};

/* Builds the environments into the registry of a VM whose globals hold the stock libraries. May raise. */
void sandbox_open(lua_State *L);

/* lua_call for callbacks from C: at most 16 deep, since each costs C stack; raises what the callback raises. */
void sandbox_callback(lua_State *L, int argument_count, int result_count);

/* For loops in C: raises when the entry has used up its CPU time. */
void sandbox_check_budget(lua_State *L);
