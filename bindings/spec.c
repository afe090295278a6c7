// SPDX-License-Identifier: Apache-2.0
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "bindings/bind.h"
#include "bindings/health.h"
#include "bindings/random.h"
#include "bindings/rehearsal.h"
#include "bindings/shared.h"
#include "bindings/spec_world.h"
#include "crypto/secret.h"
#include "process/worker.h"
#include "script/loader.h"
#include "script/module.h"

/* gateway.spec: what only specs may do.
 *   list(kind) -> sorted names of scripts
 *   script(kind, name) -> what the script returns, loaded in the sandbox as the gateway loads it
 *   module(name) -> a module of the hallway
 *   fixture(path) -> the text of spec/fixtures/<path>
 *   clock(unix_seconds) fixes gateway.clock there; clock() -> the system's again
 *   clock_advance(milliseconds) moves a fixed clock
 *   seed(number) makes gateway.random repeat itself; seed() -> the kernel's randomness again
 *   upstream, background, slept, logged, counted: see rehearsal.c
 * and whatever lua/testing.lua adds: builders and feeders for plugins.
 * Each spec file finds everything as if it were the first: `require "gateway.spec"` forgets the modules loaded before,
 * a clock and a seed that were fixed, and what gateway.shared holds. */

enum { FIXTURE_LIMIT = 16 * 1024 * 1024 };

/* ---- the door ---- */

static int spec_list(lua_State *L) {
  loader_list(vm_of(L), L, luaL_checkstring(L, 1));
  return 1;
}

static int spec_script(lua_State *L) {
  struct error error;
  if (loader_load(vm_of(L), L, luaL_checkstring(L, 1), luaL_checkstring(L, 2), &error) == 0) return 1;
  return luaL_error(L, "%s", error.message);
}

/* In the operator's folder, or beside the bundled scripts. */
static FILE *fixture_open(lua_State *L, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, SPEC_WORLD);
  const struct spec_world *world = lua_touserdata(L, -1);
  const char *path = lua_pushfstring(L, "%s/spec/fixtures/%s", world->overlay, name);
  FILE *file = world->overlay[0] ? fopen(path, "rbe") : NULL;
  if (file) return file;
  return fopen(lua_pushfstring(L, "%s/spec/fixtures/%s", world->home, name), "rbe");
}

static int spec_fixture(lua_State *L) {
  const char *path = lua_pushfstring(L, "spec/fixtures/%s", luaL_checkstring(L, 1));
  struct buffer *text = bind_buffer_new(L);
  FILE *file = fixture_open(L, luaL_checkstring(L, 1));
  if (!file) return luaL_error(L, "no fixture at %s", path);
  size_t len = 1;
  while (len > 0 && text->len < FIXTURE_LIMIT) {
    buffer_reserve(text, 4096);
    len = fread(text->data + text->len, 1, text->cap - text->len, file);
    text->len += len;
  }
  fclose(file);
  if (text->len >= FIXTURE_LIMIT) return luaL_error(L, "%s: larger than %d bytes", path, FIXTURE_LIMIT);
  bind_push_slice(L, buffer_slice(text));
  return 1;
}

static int spec_clock(lua_State *L) {
  struct worker *worker = vm_host(L);
  if (lua_isnoneornil(L, 1)) {
    clock_release(&worker->clock);
  } else {
    clock_fix(&worker->clock, luaL_checknumber(L, 1));
  }
  return 0;
}

static int spec_clock_advance(lua_State *L) {
  struct worker *worker = vm_host(L);
  lua_Number milliseconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, worker->clock.fixed, 1, "the clock is the system's: fix it first with spec.clock(unix_seconds)");
  luaL_argcheck(L, milliseconds >= 0, 1, "time does not go back");
  clock_advance(&worker->clock, milliseconds);
  return 0;
}

static int spec_seed(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    random_unseed(bind_random_source(L));
  } else {
    random_seed(bind_random_source(L), (uint64_t)luaL_checkinteger(L, 1));
  }
  return 0;
}

static const luaL_Reg functions[] = {{"list", spec_list},
                                     {"script", spec_script},
                                     {"module", module_require_by_hallway},
                                     {"fixture", spec_fixture},
                                     {"clock", spec_clock},
                                     {"clock_advance", spec_clock_advance},
                                     {"seed", spec_seed},
                                     {NULL, NULL}};

void spec_doors_open(lua_State *L) {
  bind_open_doors(L);
  rehearsal_open(L);
  lua_newtable(L);
  luaL_setfuncs(L, rehearsal_functions, 0);
  luaL_setfuncs(L, functions, 0);
  module_door(L, "spec", true);
}

/* Adds the members of the table on top (popped) to the one below it. */
static void join(lua_State *L) {
  int target = lua_gettop(L) - 1;
  for (lua_pushnil(L); lua_next(L, target + 1);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, target);
  }
  lua_settop(L, target);
}

int spec_door_load(lua_State *L) {
  struct worker *worker = vm_host(L);
  module_forget(L);
  clock_release(&worker->clock);
  random_unseed(bind_random_source(L));
  bind_shared_forget(L);
  bind_health_forget(L);
  rehearsal_open(L);
  lua_settop(L, 0);
  lua_newtable(L);
  luaL_setfuncs(L, rehearsal_functions, 0);
  luaL_setfuncs(L, functions, 0);
  lua_pushcfunction(L, module_require_by_hallway);
  lua_pushliteral(L, "testing");
  lua_call(L, 1, 1);
  luaL_checktype(L, -1, LUA_TTABLE);
  join(L);
  return 1;
}
