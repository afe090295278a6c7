// SPDX-License-Identifier: Apache-2.0
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/bind.h"
#include "bindings/spec.h"
#include "bindings/spec_world.h"
#include "crypto/secret.h"
#include "process/spec_plan.h"
#include "process/worker.h"
#include "script/module.h"
#include "script/vm.h"

/* The command `moongate spec`: busted's own runner, with the arguments of a plan. */

enum { USAGE = 2 };

struct run {
  const struct spec_plan *plan;
  struct spec_world world;
  int hits; /* place in the registry of what lua/coverage.lua notes; 0 = nothing */
};

static void set_up_arguments(lua_State *L, const struct spec_plan *plan) {
  lua_createtable(L, plan->count + 2, 0);
  lua_pushliteral(L, "moongate spec");
  lua_rawseti(L, -2, 0);
  lua_pushliteral(L, "--pattern=_spec%.lua$");
  lua_rawseti(L, -2, 1);
  for (int i = 0; i < plan->count; i++) {
    bind_push_slice(L, slice_text(plan->arguments[i]));
    lua_rawseti(L, -2, i + 2);
  }
  lua_setglobal(L, "arg");
}

/* Pushes the function `name` of lua/coverage.lua and its first argument, the full library. */
static void push_coverage(lua_State *L, const char *name) {
  lua_pushcfunction(L, module_require_by_hallway);
  lua_pushliteral(L, "coverage");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
}

static int coverage_start(lua_State *L) {
  struct run *run = lua_touserdata(L, 1);
  push_coverage(L, "start");
  lua_call(L, 1, 1);
  run->hits = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static int coverage_report(lua_State *L) {
  struct run *run = lua_touserdata(L, 1);
  push_coverage(L, "report");
  lua_rawgeti(L, LUA_REGISTRYINDEX, run->hits);
  bind_push_slice(L, slice_text(run->plan->overlay));
  lua_call(L, 3, 1);
  printf("\n%s\n", lua_tostring(L, -1));
  return 0;
}

/* Argument: the run. Returns only when everything passed; else busted leaves. */
static int run_busted(lua_State *L) {
  struct run *run = lua_touserdata(L, 1);
  spec_world_open(L, &run->world);
  set_up_arguments(L, run->plan);
  if (run->plan->coverage) {
    lua_pushcfunction(L, coverage_start);
    lua_pushlightuserdata(L, run);
    lua_call(L, 1, 0);
  }
  static const char source[] = "require 'busted.runner' { standalone = false }";
  if (luaL_loadbufferx(L, source, sizeof source - 1, "=moongate spec", "t") != 0) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static int tell_failure(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  bool absent = message && strstr(message, "module 'busted.runner' not found");
  fprintf(stderr, "moongate spec: %s\n",
          absent    ? "busted is not installed: it runs the specs. On Debian: apt-get install lua-busted"
          : message ? message
                    : "busted ended without a message");
  return 1;
}

static int run_in(struct vm *vm, struct run *run) {
  lua_State *L = vm_state(vm);
  int code = 0;
  if (lua_cpcall(L, run_busted, run) != 0) {
    code = spec_world_left(L, &run->world) ? run->world.exit_code : tell_failure(L);
  }
  if (run->hits && lua_cpcall(L, coverage_report, run) != 0) return tell_failure(L);
  return code;
}

static int run_plan(const struct spec_plan *plan) {
  char home[PATH_MAX];
  snprintf(home, sizeof home, "%s/..", plan->bundled);
  const char *roots[] = {plan->bundled, plan->overlay};
  struct run run = {.plan = plan, .world = {.home = home, .overlay = plan->overlay}};
  struct error error = {0};
  struct worker worker = {.random = random_open()}; /* all that doors find in a spec run */
  struct budget *budget = budget_open(SPEC_HOOK_CPU_MS);
  struct vm *vm = vm_open(&(struct vm_options){.roots = roots,
                                               .root_count = plan->overlay[0] ? 2 : 1,
                                               .budget = budget,
                                               .host = &worker,
                                               .open_doors = spec_doors_open,
                                               .privileged = true},
                          &error);
  int code = 1;
  if (vm) {
    code = run_in(vm, &run);
    vm_close(vm);
  } else {
    fprintf(stderr, "moongate spec: %s\n", error.message);
  }
  budget_close(budget);
  random_close(worker.random);
  return code;
}

int spec_run(int argc, char **argv, const char *bundled) {
  struct spec_plan plan;
  struct error error;
  int code = USAGE;
  if (spec_plan_make(&plan, argc, argv, bundled, getenv("GATEWAY_SCRIPTS"), &error) < 0) {
    fprintf(stderr, "moongate spec: %s\n", error.message);
  } else {
    code = run_plan(&plan);
  }
  arena_free(&plan.arena);
  return code;
}
