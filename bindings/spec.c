// SPDX-License-Identifier: Apache-2.0
#include "bindings/spec.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "bindings/bind.h"
#include "bindings/random.h"
#include "bindings/rehearsal.h"
#include "bindings/shared.h"
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
 *   upstream, background, slept: see rehearsal.c
 * Each spec file finds everything as if it were the first: `require "gateway.spec"` forgets the modules loaded before,
 * a clock and a seed that were fixed, and what gateway.shared holds. */

enum { FIXTURE_LIMIT = 16 * 1024 * 1024 };

/* One run; lives on spec_run's stack. */
struct run {
  int argc;
  char **argv;
  int exit_code; /* what os.exit was called with */
};

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

/* A Lua-owned buffer: freed by the collector, also when something raises in between. */
static int buffer_collect(lua_State *L) {
  buffer_free(lua_touserdata(L, 1));
  return 0;
}

static struct buffer *push_buffer(lua_State *L) {
  struct buffer *buffer = lua_newuserdata(L, sizeof *buffer);
  *buffer = (struct buffer){0};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, buffer_collect);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  return buffer;
}

static int spec_fixture(lua_State *L) {
  const char *path = lua_pushfstring(L, "spec/fixtures/%s", luaL_checkstring(L, 1));
  struct buffer *text = push_buffer(L);
  FILE *file = fopen(path, "rbe");
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
    rehearsal_open(L);
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

static void open_doors(lua_State *L) {
  static const luaL_Reg functions[] = {{"list", spec_list},
                                       {"script", spec_script},
                                       {"module", module_require_by_hallway},
                                       {"fixture", spec_fixture},
                                       {"clock", spec_clock},
                                       {"clock_advance", spec_clock_advance},
                                       {"seed", spec_seed},
                                       {NULL, NULL}};
  bind_open_doors(L);
  rehearsal_open(L);
  lua_newtable(L);
  luaL_setfuncs(L, rehearsal_functions, 0);
  luaL_setfuncs(L, functions, 0);
  module_door(L, "spec", true);
}

/* ---- the privileged world around busted ---- */

/* Called as loader(name). */
static int load_door(lua_State *L) {
  if (strcmp(luaL_checkstring(L, 1), "gateway.spec") == 0) {
    struct worker *worker = vm_host(L);
    module_forget(L);
    clock_release(&worker->clock);
    random_unseed(bind_random_source(L));
    bind_shared_forget(L);
  }
  return module_require_by_hallway(L);
}

/* One of package.loaders: doors have no file. */
static int find_door(lua_State *L) {
  if (strncmp(luaL_checkstring(L, 1), "gateway.", strlen("gateway.")) != 0) return 0;
  lua_pushcfunction(L, load_door);
  return 1;
}

/* Ends the run, not the process. Upvalue 1: the run, whose address is the error that ends it. */
static int leave(lua_State *L) {
  struct run *run = lua_touserdata(L, lua_upvalueindex(1));
  run->exit_code = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : (int)luaL_optinteger(L, 1, 0);
  lua_pushlightuserdata(L, run);
  return lua_error(L);
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

static void set_up_package(lua_State *L) {
  lua_getglobal(L, "package");
  lua_pushliteral(L,
                  "./?.lua;./?/init.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;"
                  "/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua");
  lua_setfield(L, -2, "path");
  lua_getfield(L, -1, "loaders");
  lua_pushcfunction(L, find_door);
  lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
  lua_pop(L, 1);
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, without_ffi);
  lua_setfield(L, -2, "busted.luajit");
  lua_pop(L, 2);
}

static void set_up_arguments(lua_State *L, const struct run *run) {
  lua_createtable(L, run->argc + 2, 0);
  lua_pushliteral(L, "moongate spec");
  lua_rawseti(L, -2, 0);
  lua_pushliteral(L, "--pattern=_spec%.lua$");
  lua_rawseti(L, -2, 1);
  for (int i = 0; i < run->argc; i++) {
    bind_push_slice(L, slice_text(run->argv[i]));
    lua_rawseti(L, -2, i + 2);
  }
  lua_setglobal(L, "arg");
}

/* Argument: the run. Returns only when everything passed; else busted leaves. */
static int run_busted(lua_State *L) {
  struct run *run = lua_touserdata(L, 1);
  set_up_package(L);
  set_up_arguments(L, run);
  lua_getglobal(L, "os");
  lua_pushlightuserdata(L, run);
  lua_pushcclosure(L, leave, 1);
  lua_setfield(L, -2, "exit");
  static const char source[] = "require 'busted.runner' { standalone = false }";
  if (luaL_loadbufferx(L, source, sizeof source - 1, "=moongate spec", "t") != 0) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static int run_in(struct vm *vm, struct run *run) {
  lua_State *L = vm_state(vm);
  int status = lua_cpcall(L, run_busted, run);
  if (status == 0) return 0;
  if (lua_touserdata(L, -1) == run) return run->exit_code;
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "moongate spec: %s\n", message ? message : "busted ended without a message");
  return 1;
}

int spec_run(int argc, char **argv, const char *const *roots, size_t root_count) {
  struct run run = {.argc = argc, .argv = argv};
  struct error error = {0};
  struct worker worker = {.random = random_open()}; /* all that doors find in a spec run */
  struct vm *vm = vm_open(
      &(struct vm_options){
          .roots = roots, .root_count = root_count, .host = &worker, .open_doors = open_doors, .privileged = true},
      &error);
  int code = 1;
  if (vm) {
    code = run_in(vm, &run);
    vm_close(vm);
  } else {
    fprintf(stderr, "moongate spec: %s\n", error.message);
  }
  random_close(worker.random);
  return code;
}
