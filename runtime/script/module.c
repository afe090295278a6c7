// SPDX-License-Identifier: Apache-2.0
#include "script/module.h"

#include <lauxlib.h>
#include <string.h>

#include "script/file.h"
#include "script/state.h"
#include "script/view.h"

static const char door_prefix[] = "gateway.";

static int open_table(lua_State *L) {
  lua_newtable(L);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int run_module(lua_State *L) {
  lua_pushcfunction(L, module_require_by_hallway);
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

void module_open(lua_State *L) {
  struct vm *vm = vm_of(L);
  vm->doors = open_table(L);
  vm->private_doors = open_table(L);
  vm->modules = open_table(L);
  vm->module_views = open_table(L);
  vm->compiled = open_table(L);
  lua_pushcfunction(L, run_module);
  vm->module_run = luaL_ref(L, LUA_REGISTRYINDEX);
}

void module_forget(lua_State *L) {
  const struct vm *vm = vm_of(L);
  lua_newtable(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, vm->modules);
  lua_newtable(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, vm->module_views);
}

/* Pushes field `name` of the registry's table at `place`; false (and nothing pushed) when it is nil. */
static bool push_entry(lua_State *L, int place, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, place);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

/* Pops the value on top into field `name`. */
static void set_entry(lua_State *L, int place, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, place);
  lua_insert(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void module_door(lua_State *L, const char *name, bool hallway_only) {
  struct vm *vm = vm_of(L);
  view_freeze(L);
  set_entry(L, hallway_only ? vm->private_doors : vm->doors, name);
}

/* A door may have two sides: the hallway sees the private one, which has all of the public one's functions and more. */
static bool push_door(lua_State *L, const char *name, bool hallway) {
  const struct vm *vm = vm_of(L);
  if (hallway && push_entry(L, vm->private_doors, name)) return true;
  if (push_entry(L, vm->doors, name)) return true;
  if (hallway) return false;
  if (!push_entry(L, vm->private_doors, name)) return false;
  luaL_error(L, "module 'gateway.%s' is not for scripts", name);
  return false;
}

/* Runs the chunk on top with its name; raises what it raises. While it runs the name is marked, to catch a circle. */
static void run_chunk(lua_State *L, const char *name, const char *title) {
  const struct vm *vm = vm_of(L);
  lua_pushboolean(L, 0);
  set_entry(L, vm->modules, name);
  lua_pushlstring(L, name, strlen(name));
  int status = lua_pcall(L, 1, 1, 0);
  if (status == 0 && !lua_isnil(L, -1)) return;
  lua_pushnil(L);
  set_entry(L, vm->modules, name);
  if (status != 0) lua_error(L);
  luaL_error(L, "%s.lua: returns nothing", title);
}

/* Pushes a module loaded before. */
static bool push_loaded(lua_State *L, const char *name) {
  if (!push_entry(L, vm_of(L)->modules, name)) return false;
  if (lua_isboolean(L, -1)) luaL_error(L, "module '%s' requires itself", name);
  return true;
}

/* A dialect has some dozens of parts: each may take its time. */
enum { PART_WORK = 2048 };

/* Loads the file just found, runs it, keeps and pushes what it returns. */
static void push_new(lua_State *L, const char *name, const char *title, int environment) {
  struct vm *vm = vm_of(L);
  struct error error;
  vm_work_expect(vm, PART_WORK);
  if (file_load(vm, L, title, environment, &error) < 0) luaL_error(L, "%s", error.message);
  run_chunk(L, name, title);
  lua_pushvalue(L, -1);
  set_entry(L, vm->modules, name);
}

/* Pushes a hallway module. False when there is no such file. */
static bool push_module(lua_State *L, const char *name) {
  struct vm *vm = vm_of(L);
  if (push_loaded(L, name)) return true;
  if (!file_find_module(vm, name)) return false;
  push_new(L, name, name, vm->hallway_env);
  return true;
}

/* Pushes a part of scripts. False when there is no such file. */
static bool push_part(lua_State *L, const char *name) {
  struct vm *vm = vm_of(L);
  char title[FILE_TITLE_SIZE];
  if (!file_part_title(name, title)) return false;
  if (push_loaded(L, name)) return true;
  if (!file_find_part(vm, title)) return false;
  push_new(L, name, title, vm->script_env);
  return true;
}

/* The module on top as scripts see it. */
static void replace_by_view(lua_State *L, const char *name) {
  const struct vm *vm = vm_of(L);
  if (!lua_istable(L, -1)) return;
  if (push_entry(L, vm->module_views, name)) return;
  view_freeze(L);
  lua_pushvalue(L, -1);
  set_entry(L, vm->module_views, name);
}

static const char *check_name(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *name = lua_tostring(L, 1);
  if (strlen(name) != lua_objlen(L, 1)) luaL_argerror(L, 1, "not a module name");
  return name;
}

static bool is_door(const char *name) {
  return strncmp(name, door_prefix, sizeof door_prefix - 1) == 0;
}

int module_require_by_hallway(lua_State *L) {
  const char *name = check_name(L);
  if (is_door(name) ? push_door(L, name + sizeof door_prefix - 1, true) : push_module(L, name)) return 1;
  return luaL_error(L, "module '%s' not found", name);
}

static bool is_shared_module(const char *name) {
  return strcmp(name, "schema") == 0 || strcmp(name, "errors") == 0;
}

int module_require_by_script(lua_State *L) {
  const char *name = check_name(L);
  if (is_door(name)) {
    if (push_door(L, name + sizeof door_prefix - 1, false)) return 1;
  } else if (strchr(name, '.')) {
    if (push_part(L, name)) return 1;
  } else if (!is_shared_module(name)) {
    return luaL_error(L, "module '%s' is not for scripts", name);
  } else if (push_module(L, name)) {
    replace_by_view(L, name);
    return 1;
  }
  return luaL_error(L, "module '%s' not found", name);
}
