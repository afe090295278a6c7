// SPDX-License-Identifier: Apache-2.0
#include "bindings/spec_world.h"

#include <lauxlib.h>
#include <string.h>

#include "bindings/bind.h"
#include "script/file.h"
#include "script/loader.h"
#include "script/module.h"
#include "script/vm.h"

/* ---- require ---- */

/* Called as loader(name). */
static int load_door(lua_State *L) {
  if (strcmp(luaL_checkstring(L, 1), "gateway.spec") == 0) return spec_door_load(L);
  return module_require_by_hallway(L);
}

/* One of package.loaders: doors have no file. */
static int find_door(lua_State *L) {
  if (strncmp(luaL_checkstring(L, 1), "gateway.", strlen("gateway.")) != 0) return 0;
  lua_pushcfunction(L, load_door);
  return 1;
}

/* "providers.dialects.demo" -> "providers/dialects" and "demo". False when no script is called so. */
static bool script_name(const char *module, char kind[FILE_TITLE_SIZE], const char **name) {
  static const char *const kinds[] = {"providers/dialects", "providers", "strategies", "plugins", "admin"};
  size_t len = strlen(module);
  const char *dot = strrchr(module, '.');
  if (len >= FILE_TITLE_SIZE || !dot) return false;
  memcpy(kind, module, len + 1);
  kind[dot - module] = '\0';
  for (char *at = kind; *at; at++) {
    if (*at == '.') *at = '/';
  }
  *name = dot + 1;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kind, kinds[i]) == 0) return true;
  }
  return false;
}

/* Called as loader(name). */
static int load_script(lua_State *L) {
  char kind[FILE_TITLE_SIZE];
  const char *name;
  struct error error;
  luaL_argcheck(L, script_name(luaL_checkstring(L, 1), kind, &name), 1, "not a script");
  if (loader_load(vm_of(L), L, kind, name, &error) == 0) return 1;
  return luaL_error(L, "%s", error.message);
}

/* One of package.loaders: a script comes as the gateway loads it, in the sandbox, not from the current folder. */
static int find_script(lua_State *L) {
  char kind[FILE_TITLE_SIZE];
  const char *name;
  if (!script_name(luaL_checkstring(L, 1), kind, &name) || !loader_path(vm_of(L), kind, name)) return 0;
  lua_pushcfunction(L, load_script);
  return 1;
}

static void set_up_loaders(lua_State *L, int package) {
  lua_getfield(L, package, "loaders");
  for (int i = (int)lua_objlen(L, -1); i >= 2; i--) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 2);
  }
  lua_pushcfunction(L, find_door);
  lua_rawseti(L, -2, 2);
  lua_pushcfunction(L, find_script);
  lua_rawseti(L, -2, 3);
  lua_pop(L, 1);
}

/* Helpers of specs lie beside them; busted where Debian and LuaRocks put it. */
static void set_up_path(lua_State *L, int package, const struct spec_world *world) {
  if (world->overlay[0]) {
    lua_pushfstring(L, "%s/?.lua;", world->overlay);
  } else {
    lua_pushliteral(L, "");
  }
  lua_pushfstring(L, "%s/?.lua;", world->home);
  lua_pushliteral(L,
                  "./?.lua;./?/init.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;"
                  "/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua");
  lua_concat(L, 3);
  lua_setfield(L, package, "path");
}

static int do_nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* Stands for busted.luajit, which readies the FFI library of LuaJIT: there is none here. */
static int without_ffi(lua_State *L) {
  lua_pushcfunction(L, do_nothing);
  return 1;
}

static void set_up_package(lua_State *L, const struct spec_world *world) {
  lua_getglobal(L, "package");
  int package = lua_gettop(L);
  set_up_path(L, package, world);
  set_up_loaders(L, package);
  lua_getfield(L, package, "preload");
  lua_pushcfunction(L, without_ffi);
  lua_setfield(L, -2, "busted.luajit");
  lua_settop(L, package - 1);
}

/* ---- os.exit ---- */

/* Ends the run, not the process. Upvalue 1: the world, whose address is the error that ends it. */
static int leave(lua_State *L) {
  struct spec_world *world = lua_touserdata(L, lua_upvalueindex(1));
  world->exit_code = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : (int)luaL_optinteger(L, 1, 0);
  lua_pushlightuserdata(L, world);
  return lua_error(L);
}

bool spec_world_left(lua_State *L, const struct spec_world *world) {
  return lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == world;
}

void spec_world_open(lua_State *L, struct spec_world *world) {
  set_up_package(L, world);
  lua_getglobal(L, "os");
  lua_pushlightuserdata(L, world);
  lua_pushcclosure(L, leave, 1);
  lua_setfield(L, -2, "exit");
  lua_pop(L, 1);
  lua_pushlightuserdata(L, world);
  lua_setfield(L, LUA_REGISTRYINDEX, SPEC_WORLD);
}
