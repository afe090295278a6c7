// SPDX-License-Identifier: Apache-2.0
#include "script/guard.h"

#include <lauxlib.h>
#include <string.h>

#include "base/check.h"
#include "script/state.h"
#include "script/task.h"

/* In Lua, since only Lua's own pcall lets the hook wait. The CPU hook lets functions of this chunk run on, so that
 * `settle` is reached with the stop still armed. */
static const char source[] =
    "local pcall, begin, settle, start, tell, now, note = ...\n"
    "return function(hook, ...)\n"
    "  return settle(begin(), pcall(hook, ...))\n"
    "end, function(watch)\n"
    "  return function(hook, ...)\n"
    "    return tell(watch, start(), pcall(hook, ...))\n"
    "  end\n"
    "end, function(watch)\n"
    "  return function(hook, ...)\n"
    "    return note(watch, now(), hook(...))\n"
    "  end\n"
    "end\n";

/* Starts a count. Returns true where it began an entry of its own: in set-up code, where nothing waits. */
static bool begin_count(struct vm *vm) {
  bool own_entry = vm->budget && !budget_inside(vm->budget);
  if (own_entry) {
    budget_enter(vm->budget, vm->L);
  } else if (vm->budget) {
    budget_renew(vm->budget);
  }
  return own_entry;
}

static int guard_begin(lua_State *L) {
  lua_pushboolean(L, begin_count(vm_of(L)));
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
  bool refused = vm_memory_recover(vm); /* at the hook's cost: whoever called it has the whole of a count left */
  bool stopped = end_count(vm, lua_toboolean(L, 1));
  if (lua_toboolean(L, 2)) return lua_gettop(L) - 1;
  lua_settop(L, 3);
  const char *code = stopped ? "script_cpu_limit" : refused ? "script_memory_limit" : "script_error";
  lua_pushlstring(L, code, strlen(code));
  return 3;
}

/* When the hook began on its task's clock, below zero where it is an entry of its own. */
static int guard_start(lua_State *L) {
  struct vm *vm = vm_of(L);
  lua_Number sign = begin_count(vm) ? -1 : 1;
  lua_pushnumber(L, sign * (lua_Number)(task_ran_ns(vm) + 1));
  return 1;
}

/* (watch, start, pcall's results...) -> as guard_settle. */
static int guard_tell(lua_State *L) {
  struct guard_watch *watch = lua_touserdata(L, 1);
  lua_Number start = lua_tonumber(L, 2);
  uint64_t began = (uint64_t)(start < 0 ? -start : start) - 1, now = task_ran_ns(vm_of(L));
  watch->note(watch, now > began ? now - began : 0, !lua_toboolean(L, 3));
  lua_pushboolean(L, start < 0);
  lua_replace(L, 2);
  lua_remove(L, 1);
  return guard_settle(L);
}

static int guard_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)task_ran_ns(vm_of(L)));
  return 1;
}

/* (watch, when it began, results...) -> results */
static int guard_note(lua_State *L) {
  struct guard_watch *watch = lua_touserdata(L, 1);
  uint64_t began = (uint64_t)lua_tonumber(L, 2), now = task_ran_ns(vm_of(L));
  watch->note(watch, now > began ? now - began : 0, false);
  return lua_gettop(L) - 2;
}

static void push_made(lua_State *L, int place, struct guard_watch *watch) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, place);
  lua_pushlightuserdata(L, watch);
  lua_call(L, 1, 1);
}

void guard_push_timed(lua_State *L, struct guard_watch *watch) {
  push_made(L, vm_of(L)->guard_time, watch);
}

void guard_push_watched(lua_State *L, struct guard_watch *watch) {
  push_made(L, vm_of(L)->guard_make, watch);
}

void guard_open(lua_State *L) {
  struct vm *vm = vm_of(L);
  REQUIRE(luaL_loadbufferx(L, source, sizeof source - 1, "=guard", "t") == 0);
  lua_getglobal(L, "pcall");
  lua_pushcfunction(L, guard_begin);
  lua_pushcfunction(L, guard_settle);
  lua_pushcfunction(L, guard_start);
  lua_pushcfunction(L, guard_tell);
  lua_pushcfunction(L, guard_now);
  lua_pushcfunction(L, guard_note);
  lua_call(L, 7, 3);
  vm->guard_time = luaL_ref(L, LUA_REGISTRYINDEX);
  vm->guard_make = luaL_ref(L, LUA_REGISTRYINDEX);
  vm->guard_place = luaL_ref(L, LUA_REGISTRYINDEX);
}

void guard_push(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->guard_place);
}
