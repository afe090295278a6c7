// SPDX-License-Identifier: Apache-2.0
#include "script/sandbox.h"

#include <lauxlib.h>
#include <sys/random.h>

#include "base/check.h"
#include "script/module.h"
#include "script/state.h"
#include "script/strings.h"
#include "script/tables.h"
#include "script/view.h"

void sandbox_callback(lua_State *L, int argument_count, int result_count) {
  struct vm *vm = vm_of(L);
  if (vm->depth == VM_CALLBACK_DEPTH) luaL_error(L, "callbacks nested deeper than %d", VM_CALLBACK_DEPTH);
  vm->depth++;
  int status = lua_pcall(L, argument_count, result_count, 0);
  vm->depth--;
  if (status != 0) lua_error(L);
}

void sandbox_check_budget(lua_State *L) {
  struct vm *vm = vm_of(L);
  if (vm->budget && budget_exceeded(vm->budget)) budget_stop(vm->budget, L);
}

/* ---- globals ---- */

static int refuse_global(lua_State *L) {
  return luaL_error(L, "global write to '%s': use local", luaL_checkstring(L, 2));
}

static int undefined_global(lua_State *L) {
  return luaL_error(L, "undefined global '%s'", luaL_checkstring(L, 2));
}

/* For tables alone: what stands behind strings and boxes is nobody's business. */
static int get_metatable(lua_State *L) {
  luaL_checkany(L, 1);
  if (!lua_istable(L, 1)) {
    lua_pushboolean(L, 0);
  } else if (!luaL_getmetafield(L, 1, "__metatable") && !lua_getmetatable(L, 1)) {
    lua_pushnil(L);
  }
  return 1;
}

/* A script that is stopped gets out of its protected calls one by one, at some microseconds each; the wide frame lets
 * the stack hold about a thousand inside each other, not sixteen thousand.
 * The handler runs after unwinding: one that runs inside a CPU stop would be out of the hook's reach. */
static const char protected_source[] =
    "local stock = ...\n"
    "local function pass(...) return ... end\n"
    "local function pcall(call, ...)\n"
    "  local _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _\n"
    "  local _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _\n"
    "  return pass(stock(call, ...))\n"
    "end\n"
    "local function settle(handler, ok, ...)\n"
    "  if ok then return true, ... end\n"
    "  return false, handler(...)\n"
    "end\n"
    "return pcall, function(call, handler, ...) return settle(handler, pcall(call, ...)) end\n";

/* Sets `pcall` and `xpcall` in the table on top. */
static void add_protected_calls(lua_State *L, int stock) {
  int names = lua_gettop(L);
  REQUIRE(luaL_loadbufferx(L, protected_source, sizeof protected_source - 1, "=pcall", "t") == 0);
  lua_getfield(L, stock, "pcall");
  lua_call(L, 1, 2);
  lua_setfield(L, names, "xpcall");
  lua_setfield(L, names, "pcall");
}

/* Moves the named functions of the table at `from` into the table on top. */
static void take(lua_State *L, int from, const char *const *names) {
  for (; *names; names++) {
    lua_getfield(L, from, *names);
    lua_setfield(L, -2, *names);
  }
}

static void push_base(lua_State *L, int stock) {
  static const char *const names[] = {"assert",       "error",    "ipairs",   "next", "pairs",    "select",
                                      "setmetatable", "tonumber", "tostring", "type", "rawequal", NULL};
  lua_createtable(L, 0, 32);
  take(L, stock, names);
  add_protected_calls(L, stock);
  lua_pushcfunction(L, get_metatable);
  lua_setfield(L, -2, "getmetatable");
  lua_pushcfunction(L, tables_unpack);
  lua_setfield(L, -2, "unpack");
}

/* ---- libraries ---- */

/* Seeds this VM's generator; randomseed itself is not for scripts, who share it. */
static void seed_random(lua_State *L, int math) {
  unsigned seed = 0;
  REQUIRE(getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed);
  lua_getfield(L, math, "randomseed");
  lua_pushnumber(L, seed);
  lua_call(L, 1, 0);
}

/* Pushes a copy of the stock library at `stock` without `omitted`. */
static void push_library(lua_State *L, int stock, const char *omitted) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, stock);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_pushnil(L);
  lua_setfield(L, -2, omitted);
}

/* Methods of strings come from the same bounded functions. */
static void set_string_methods(lua_State *L, int strings) {
  lua_pushliteral(L, "");
  if (!lua_getmetatable(L, -1)) lua_createtable(L, 0, 2);
  lua_pushvalue(L, strings);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

/* Adds the views of the libraries to the table on top. */
static void add_libraries(lua_State *L, int stock) {
  int names = lua_gettop(L);
  lua_getfield(L, stock, "string");
  strings_push(L, names + 1);
  set_string_methods(L, names + 2);
  view_freeze(L);
  lua_setfield(L, names, "string");
  lua_getfield(L, stock, "table");
  tables_push(L, names + 2);
  view_freeze(L);
  lua_setfield(L, names, "table");
  lua_getfield(L, stock, "math");
  seed_random(L, names + 3);
  push_library(L, names + 3, "randomseed");
  view_freeze(L);
  lua_setfield(L, names, "math");
  lua_getfield(L, stock, "bit");
  view_freeze(L);
  lua_setfield(L, names, "bit");
  lua_settop(L, names);
}

/* ---- environments ---- */

/* Pushes an environment over the table of names at `names`: no writes, no undefined reads. */
static void push_environment(lua_State *L, int names) {
  lua_newtable(L);
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, names);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_global);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

static void make_strict(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, undefined_global);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

/* The names of a kind of chunk: the shared ones and its own `require`. Returns the environment's registry place. */
static int open_environment(lua_State *L, int shared, lua_CFunction require) {
  lua_newtable(L);
  int names = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, shared);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, names);
  }
  lua_pushcfunction(L, require);
  lua_setfield(L, names, "require");
  make_strict(L);
  push_environment(L, names);
  int place = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_settop(L, names - 1);
  return place;
}

void sandbox_open(lua_State *L) {
  struct vm *vm = vm_of(L);
  int top = lua_gettop(L);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  push_base(L, top + 1);
  add_libraries(L, top + 1);
  vm->script_env = open_environment(L, top + 2, module_require_by_script);
  vm->hallway_env = open_environment(L, top + 2, module_require_by_hallway);
  lua_settop(L, top);
}
