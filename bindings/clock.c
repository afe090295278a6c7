// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include "bindings/bind.h"

/* gateway.clock: what time it is. */

void bind_clock(lua_State *L);

static lua_Number seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9;
}

/* now() -> Unix seconds with a fraction */
static int clock_now(lua_State *L) {
  lua_pushnumber(L, seconds(CLOCK_REALTIME));
  return 1;
}

/* monotonic() -> milliseconds since some moment; never goes back */
static int clock_monotonic(lua_State *L) {
  lua_pushnumber(L, seconds(CLOCK_MONOTONIC) * 1000);
  return 1;
}

void bind_clock(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", clock_now}, {"monotonic", clock_monotonic}, {NULL, NULL}};
  bind_door(L, "clock", functions);
}
