// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.clock: what time it is. */

void bind_clock(lua_State *L);

static const struct clock_source *clock_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  return worker ? &worker->clock : NULL;
}

/* now() -> Unix seconds with a fraction */
static int clock_now(lua_State *L) {
  lua_pushnumber(L, clock_unix(clock_of(L)));
  return 1;
}

/* monotonic() -> milliseconds since some moment; never goes back */
static int clock_elapsed(lua_State *L) {
  lua_pushnumber(L, clock_monotonic(clock_of(L)));
  return 1;
}

void bind_clock(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", clock_now}, {"monotonic", clock_elapsed}, {NULL, NULL}};
  bind_door(L, "clock", functions);
}
