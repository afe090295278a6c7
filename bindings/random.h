// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

struct random;

/* The source gateway.random draws from in this VM. Owned by the VM. */
struct random *bind_random_source(lua_State *L);
