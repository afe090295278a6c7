// SPDX-License-Identifier: Apache-2.0
#include "script/vm.h"

#include <lauxlib.h>
#include <limits.h>
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "script/guard.h"
#include "script/module.h"
#include "script/sandbox.h"
#include "script/state.h"
#include "script/task.h"

/* Reached only by a bug of ours: scripts run protected. */
static int on_panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "moongate: Lua error outside any protected call: %s\n", message ? message : "(no message)");
  abort();
}

/* ---- opening ---- */

static void open_library(lua_State *L, lua_CFunction open, const char *name) {
  lua_pushcfunction(L, open);
  lua_pushlstring(L, name, strlen(name));
  lua_call(L, 1, 0);
}

static void open_libraries(lua_State *L, bool privileged) {
  open_library(L, luaopen_base, "");
  open_library(L, luaopen_table, LUA_TABLIBNAME);
  open_library(L, luaopen_string, LUA_STRLIBNAME);
  open_library(L, luaopen_math, LUA_MATHLIBNAME);
  open_library(L, luaopen_bit, LUA_BITLIBNAME);
  if (!privileged) return;
  open_library(L, luaopen_package, LUA_LOADLIBNAME);
  open_library(L, luaopen_io, LUA_IOLIBNAME);
  open_library(L, luaopen_os, LUA_OSLIBNAME);
  open_library(L, luaopen_debug, LUA_DBLIBNAME);
  open_library(L, luaopen_jit, LUA_JITLIBNAME);
}

struct opening {
  struct vm *vm;
  const struct vm_options *options;
};

static int open_state(lua_State *L) {
  const struct opening *opening = lua_touserdata(L, 1);
  struct vm *vm = opening->vm;
  open_libraries(L, opening->options->privileged);
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  module_open(L);
  sandbox_open(L);
  guard_open(L);
  task_open(L);
  if (opening->options->open_doors) opening->options->open_doors(L);
  if (opening->options->privileged) return 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm->script_env); /* whatever is loaded here is a script */
  lua_replace(L, LUA_GLOBALSINDEX);
  return 0;
}

static void copy_roots(struct vm *vm, const struct vm_options *options) {
  vm->roots = calloc(options->root_count + 1, sizeof *vm->roots);
  REQUIRE(vm->roots != NULL);
  for (size_t i = 0; i < options->root_count; i++) {
    vm->roots[i] = strdup(options->roots[i]);
    REQUIRE(vm->roots[i] != NULL);
  }
  vm->root_count = options->root_count;
  vm->catalog_overlay = options->catalog_overlay ? strdup(options->catalog_overlay) : NULL;
}

static struct vm *vm_new(const struct vm_options *options) {
  struct vm *vm = calloc(1, sizeof *vm);
  REQUIRE(vm != NULL);
  vm->budget = options->budget;
  vm->reloads = options->privileged;
  vm->host = options->host;
  vm->generation = options->generation;
  vm->opened_ns = task_ran_ns(vm);
  list_init(&vm->tasks);
  copy_roots(vm, options);
  return vm;
}

static void vm_free(struct vm *vm) {
  allocator_close(&vm->allocator);
  for (size_t i = 0; i < vm->root_count; i++) free(vm->roots[i]);
  free(vm->roots);
  free(vm->catalog_overlay);
  buffer_free(&vm->own);
  free(vm);
}

struct vm *vm_open(const struct vm_options *options, struct error *error) {
  struct vm *vm = vm_new(options);
  if (vm_bundle_open(vm, options->bundle, error) < 0) {
    vm_free(vm);
    return NULL;
  }
  if (allocator_open(&vm->allocator, options->memory_limit, error) == 0) {
    vm->L = lua_newstate(allocator_resize, &vm->allocator);
    if (!vm->L) error_set(error, 500, "script_memory_limit", "no memory for a script VM");
  }
  if (!vm->L) {
    vm_free(vm);
    return NULL;
  }
  lua_atpanic(vm->L, on_panic);
  if (lua_cpcall(vm->L, open_state, &(struct opening){vm, options}) == 0) {
    lua_settop(vm->L, 0);
    vm_memory_settle(vm);
    return vm;
  }
  vm_error_take(vm->L, NULL, error);
  vm_close(vm);
  return NULL;
}

void vm_close(struct vm *vm) {
  REQUIRE(!vm->running);
  vm->idle = NULL;
  task_cancel_all(vm);
  allocator_drop(&vm->allocator);
  lua_close(vm->L);
  vm_free(vm);
}

/* ---- calling ---- */

struct vm_stretch vm_stretch_begin(struct vm *vm, bool counted) {
  struct vm_stretch stretch = {.outermost = !vm->allocator.capped, .counted = counted && vm->budget};
  if (stretch.outermost) vm_memory_reserve(vm, 0);
  vm->allocator.capped = true;
  if (stretch.counted) budget_enter(vm->budget, vm->L);
  return stretch;
}

const char *vm_stretch_end(struct vm *vm, struct vm_stretch stretch) {
  bool stopped = stretch.counted && budget_leave(vm->budget);
  bool refused = vm_memory_recover(vm);
  vm->allocator.capped = !stretch.outermost;
  if (stopped) return "script_cpu_limit";
  return refused ? "script_memory_limit" : NULL;
}

static const char *error_text(lua_State *L, size_t *len) {
  if (lua_istable(L, -1)) {
    lua_pushliteral(L, "message");
    lua_rawget(L, -2);
    lua_replace(L, -2);
  }
  if (lua_isstring(L, -1)) return lua_tolstring(L, -1, len);
  static const char unknown[] = "an error without a message";
  *len = sizeof unknown - 1;
  return unknown;
}

void vm_error_take(lua_State *L, const char *code, struct error *error) {
  size_t len;
  const char *text = error_text(L, &len);
  const char *line_end = memchr(text, '\n', len);
  if (line_end) len = (size_t)(line_end - text);
  error_set(error, 500, code ? code : "script_error", "%.*s", (int)(len < 1024 ? len : 1024), text);
  lua_pop(L, 1);
}

int vm_call(struct vm *vm, int argument_count, int result_count, struct error *error) {
  struct vm_stretch stretch = vm_stretch_begin(vm, false);
  int status = lua_pcall(vm->L, argument_count, result_count, 0);
  const char *code = vm_stretch_end(vm, stretch);
  if (status == 0) return 0;
  vm_error_take(vm->L, code, error);
  return -1;
}

int vm_require(struct vm *vm, const char *module, struct error *error) {
  lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->module_run);
  lua_pushlstring(vm->L, module, strlen(module));
  return vm_call(vm, 1, 0, error);
}

bool vm_push_function(struct vm *vm, lua_State *L, const char *module, const char *name) {
  int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm->modules);
  lua_pushlstring(L, module, strlen(module));
  lua_rawget(L, -2);
  if (lua_istable(L, -1)) {
    lua_pushlstring(L, name, strlen(name));
    lua_rawget(L, -2);
    lua_replace(L, top + 1);
  }
  lua_settop(L, top + 1);
  if (lua_isfunction(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

/* ---- what others ask ---- */

/* Translating costs some 20 ms of CPU per MiB of one long text and 300 per MiB of short messages. */
enum { WORK_BYTES_PER_MS = 2048 };

void vm_work_expect(struct vm *vm, size_t size) {
  unsigned milliseconds = (unsigned)(size / WORK_BYTES_PER_MS < UINT_MAX ? size / WORK_BYTES_PER_MS : UINT_MAX);
  if (vm->budget && milliseconds > 0) budget_extend(vm->budget, milliseconds);
}

lua_State *vm_state(struct vm *vm) {
  return vm->L;
}

struct vm *vm_of(lua_State *L) {
  void *allocator;
  lua_getallocf(L, &allocator);
  return allocator; /* the VM's first member */
}

void *vm_host(lua_State *L) {
  return vm_of(L)->host;
}

void *vm_generation(lua_State *L) {
  return vm_of(L)->generation;
}

unsigned vm_tasks(const struct vm *vm) {
  return vm->task_count;
}

void vm_on_idle(struct vm *vm, void (*idle)(struct vm *vm, void *owner), void *owner) {
  vm->idle = idle;
  vm->idle_owner = owner;
}

void vm_task_opened(struct vm *vm, struct list *node) {
  list_push_back(&vm->tasks, node);
  vm->task_count++;
}

void vm_task_ended(struct vm *vm) {
  vm->task_count--;
  if (vm->task_count == 0 && vm->idle) vm->idle(vm, vm->idle_owner);
}
