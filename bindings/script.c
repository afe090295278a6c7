// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "bindings/bind.h"
#include "process/generation.h"
#include "script/guard.h"
#include "script/loader.h"
#include "script/module.h"

/* gateway.script: the script files of this generation, for the hallway.
 *   list(kind) -> sorted names        kind: "providers", "providers/dialects", "strategies", "plugins", "admin"
 *   load(kind, name) -> value | nil, message with file and line
 *   path(kind, name) -> where it was found | nil
 *   guard(fn, ...) -> true, results | false, error, code        one hook with a CPU count of its own
 *   load_beside(title, require) -> value | nil, message        "shadow/candidate": with a `require` of its own
 *   require(name) -> what a script's require returns
 *   guard_of(kind, name) -> a guard that counts calls, faults and running time for that script
 *   timer_of(kind, name) -> a function that calls fn(...) and counts the call and its time; errors pass through it
 *   fault(kind, name): counts a fault that no guard sees: what a hook returned was wrong */

void bind_script(lua_State *L);

static const char *word(lua_State *L, int index) {
  struct slice text = bind_slice(L, index);
  luaL_argcheck(L, strlen(text.ptr) == text.len, index, "not a name");
  return text.ptr;
}

static int script_list(lua_State *L) {
  loader_list(vm_of(L), L, word(L, 1));
  return 1;
}

static int script_load(lua_State *L) {
  struct error error;
  if (loader_load(vm_of(L), L, word(L, 1), word(L, 2), &error) == 0) return 1;
  lua_pushnil(L);
  bind_push_slice(L, slice_text(error.message));
  return 2;
}

static int script_load_beside(lua_State *L) {
  struct error error;
  const char *title = word(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  if (loader_load_beside(vm_of(L), L, title, &error) == 0) return 1;
  lua_pushnil(L);
  bind_push_slice(L, slice_text(error.message));
  return 2;
}

static int script_path(lua_State *L) {
  const char *path = loader_path(vm_of(L), word(L, 1), word(L, 2));
  if (!path) return 0;
  bind_push_slice(L, slice_text(path));
  return 1;
}

/* Nobody counts in specs and in the gate, and not for more scripts than there is room for. */
static int script_guard_of(lua_State *L) {
  struct generation *generation = vm_generation(L);
  const char *kind = word(L, 1), *name = word(L, 2);
  struct guard_watch *watch = generation ? generation_watch(generation, kind, name) : NULL;
  if (watch) {
    guard_push_watched(L, watch);
  } else {
    guard_push(L);
  }
  return 1;
}

static int call_through(lua_State *L) {
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int script_timer_of(lua_State *L) {
  struct generation *generation = vm_generation(L);
  const char *kind = word(L, 1), *name = word(L, 2);
  struct guard_watch *watch = generation ? generation_watch(generation, kind, name) : NULL;
  if (watch) {
    guard_push_timed(L, watch);
  } else {
    lua_pushcfunction(L, call_through);
  }
  return 1;
}

static int script_fault(lua_State *L) {
  generation_fault(vm_generation(L), word(L, 1), word(L, 2));
  return 0;
}

void bind_script(lua_State *L) {
  static const luaL_Reg functions[] = {{"list", script_list},
                                       {"load", script_load},
                                       {"path", script_path},
                                       {"load_beside", script_load_beside},
                                       {"require", module_require_by_script},
                                       {"guard_of", script_guard_of},
                                       {"timer_of", script_timer_of},
                                       {"fault", script_fault},
                                       {NULL, NULL}};
  lua_newtable(L);
  guard_push(L);
  lua_setfield(L, -2, "guard");
  luaL_setfuncs(L, functions, 0);
  module_door(L, "script", true);
}
