// SPDX-License-Identifier: Apache-2.0
#include "script/guard.h"

#include <lauxlib.h>
#include <string.h>

#include "base/check.h"
#include "script/state.h"

/* In Lua, since only Lua's own pcall lets the hook wait. The CPU hook lets exactly this function run on, so that
 * `settle` is reached with the stop still armed. */
static const char source[] =
    "local pcall, begin, settle = ...\n"
    "return function(hook, ...)\n"
    "  return settle(begin(), pcall(hook, ...))\n"
    "end\n";

/* Starts a count. Returns true where it began an entry of its own: in set-up code, where nothing waits. */
static int guard_begin(lua_State *L) {
  struct vm *vm = vm_of(L);
  bool own_entry = vm->budget && !budget_inside(vm->budget);
  if (own_entry) {
    budget_enter(vm->budget, vm->L);
  } else if (vm->budget) {
    budget_renew(vm->budget);
  }
  lua_pushboolean(L, own_entry);
  return 1;
}

static bool end_count(struct vm *vm, bool own_entry) {
  if (!vm->budget) return false;
  if (own_entry) return budget_leave(vm->budget);
  bool stopped = budget_stopped(vm->budget);
  budget_renew(vm->budget);
  return stopped;
}

/* (own entry, pcall's results...) -> pcall's results, with the code behind an error. */
static int guard_settle(lua_State *L) {
  struct vm *vm = vm_of(L);
  bool stopped = end_count(vm, lua_toboolean(L, 1));
  bool refused = vm_memory_recover(vm);
  if (lua_toboolean(L, 2)) return lua_gettop(L) - 1;
  lua_settop(L, 3);
  const char *code = stopped ? "script_cpu_limit" : refused ? "script_memory_limit" : "script_error";
  lua_pushlstring(L, code, strlen(code));
  return 3;
}

void guard_open(lua_State *L) {
  struct vm *vm = vm_of(L);
  REQUIRE(luaL_loadbufferx(L, source, sizeof source - 1, "=guard", "t") == 0);
  lua_getglobal(L, "pcall");
  lua_pushcfunction(L, guard_begin);
  lua_pushcfunction(L, guard_settle);
  lua_call(L, 3, 1);
  vm->guard = lua_topointer(L, -1);
  vm->guard_place = luaL_ref(L, LUA_REGISTRYINDEX);
}

void guard_push(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->guard_place);
}
