// SPDX-License-Identifier: Apache-2.0
#include "bindings/new.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/bind.h"
#include "process/new_file.h"
#include "script/vm.h"

enum { USAGE = 2 };

static int complain(const char *message) {
  fprintf(stderr, "moongate new: %s\n", message);
  return 1;
}

/* A string member of the table at `index`; the table keeps it. */
static struct slice member(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  struct slice text = lua_isstring(L, -1) ? bind_slice(L, -1) : SLICE_LITERAL("");
  lua_pop(L, 1);
  return text;
}

/* Calls `visit` for each file of the plan on top until it returns something else than 0. */
static int each_file(lua_State *L, int (*visit)(const char *folder, const char *path, struct slice text),
                     const char *folder) {
  int result = 0;
  lua_getfield(L, -1, "files");
  int files = lua_gettop(L);
  for (int i = 1; result == 0 && i <= (int)lua_objlen(L, files); i++) {
    lua_rawgeti(L, files, i);
    result = visit(folder, member(L, -1, "path").ptr, member(L, -1, "text"));
    lua_pop(L, 1);
  }
  lua_settop(L, files - 1);
  return result;
}

/* What stands before a path that is shown. */
static const char *prefix_of(const char *folder) {
  return strcmp(folder, ".") == 0 ? "" : folder;
}

static int refuse_taken(const char *folder, const char *path, struct slice text) {
  (void)text;
  const char *prefix = prefix_of(folder);
  if (!new_file_taken(folder, path)) return 0;
  fprintf(stderr, "moongate new: %s%s%s is there already; nothing was written\n", prefix, *prefix ? "/" : "", path);
  return 1;
}

static int write_file(const char *folder, const char *path, struct slice text) {
  struct error error;
  if (new_file_write(folder, path, text, &error) < 0) return complain(error.message);
  const char *prefix = prefix_of(folder);
  printf("wrote %s%s%s\n", prefix, *prefix ? "/" : "", path);
  return 0;
}

/* The plan is on top. */
static int carry_out(lua_State *L, const char *folder) {
  int code = each_file(L, refuse_taken, folder);
  if (code == 0) code = each_file(L, write_file, folder);
  if (code == 0) printf("%s", member(L, -1, "advice").ptr);
  return code;
}

/* Calls scaffold.plan(kind, name, folder) and does what it says. */
static int run_in(struct vm *vm, int argc, char **argv, const char *folder) {
  lua_State *L = vm_state(vm);
  struct error error = {.message = "lua/scaffold.lua has no plan()"};
  if (vm_require(vm, "scaffold", &error) < 0 || !vm_push_function(vm, L, "scaffold", "plan")) {
    return complain(error.message);
  }
  for (int i = 0; i < 2; i++) {
    lua_pushnil(L);
    if (i >= argc) continue;
    lua_pop(L, 1);
    bind_push_slice(L, slice_text(argv[i]));
  }
  bind_push_slice(L, slice_text(folder));
  if (vm_call(vm, 3, 2, &error) < 0) return complain(error.message);
  if (lua_isnil(L, -2)) {
    complain(lua_tostring(L, -1));
    return USAGE;
  }
  lua_pop(L, 1);
  return carry_out(L, folder);
}

int new_run(int argc, char **argv, const char *bundled) {
  struct error error = {0};
  if (argc > 2) {
    complain("takes a kind and a name: moongate new plugin no-secrets");
    return USAGE;
  }
  struct vm *vm =
      vm_open(&(struct vm_options){.roots = &bundled, .root_count = 1, .open_doors = bind_open_doors}, &error);
  if (!vm) return complain(error.message);
  const char *folder = getenv("GATEWAY_SCRIPTS");
  int code = run_in(vm, argc, argv, folder && *folder ? folder : ".");
  vm_close(vm);
  return code;
}
