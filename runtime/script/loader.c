// SPDX-License-Identifier: Apache-2.0
#include "script/loader.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/file.h"
#include "script/state.h"

/* ---- listing ---- */

/* "plugins/x.lua" is x of plugins; specs beside scripts and the folder's contract are none. */
static struct slice script_name(const struct bundle_file *file, struct slice kind) {
  struct slice path = slice_text(file->path);
  bool inside = file->class == BUNDLE_SCRIPT && path.len > kind.len + 1 && slice_starts(path, kind);
  if (!inside || path.ptr[kind.len] != '/') return (struct slice){0};
  struct slice name = slice_from(path, kind.len + 1);
  name.len -= strlen(".lua");
  bool spec = name.len > 5 && memcmp(name.ptr + name.len - 5, "_spec", 5) == 0;
  bool deeper = memchr(name.ptr, '/', name.len) != NULL;
  return spec || deeper || slice_equal(name, SLICE_LITERAL("contract")) ? (struct slice){0} : name;
}

/* The bundle is in the order of paths, where "a-b.lua" comes before "a.lua". */
static int compare_names(const void *one, const void *other) {
  const struct slice *a = one, *b = other;
  int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
  return order != 0 ? order : a->len < b->len ? -1 : a->len > b->len;
}

int loader_list(struct vm *vm, lua_State *L, const char *kind) {
  int count = 0;
  struct slice *names = lua_newuserdata(L, sizeof *names * (vm->bundle.count + 1));
  for (size_t i = 0; i < vm->bundle.count; i++) {
    struct bundle_file file = bundle_at(&vm->bundle, i);
    names[count] = script_name(&file, slice_text(kind));
    if (names[count].len > 0) count++;
  }
  qsort(names, (size_t)count, sizeof *names, compare_names);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushlstring(L, names[i].ptr, names[i].len);
    lua_rawseti(L, -2, i + 1);
  }
  lua_remove(L, -2);
  return count;
}

/* ---- loading ---- */

static int not_found(const struct vm *vm, const char *title, struct error *error) {
  if (vm->root_count == 0) return error_set(error, 500, "script_error", "%s.lua: there is no such script", title);
  char roots[160] = "";
  size_t len = 0;
  for (size_t i = 0; i < vm->root_count && len < sizeof roots; i++) {
    int added = snprintf(roots + len, sizeof roots - len, "%s%s", i > 0 ? ", " : "", vm->roots[i]);
    len += added > 0 ? (size_t)added : 0;
  }
  return error_set(error, 500, "script_error", "%s.lua: not found in %s", title, roots);
}

/* Lua itself does not say where memory ran out. */
static void error_name(struct error *error, const char *title) {
  struct error plain = *error;
  if (strstr(plain.message, ".lua:")) return;
  error_set(error, plain.status, plain.code, "%s.lua: %.180s", title, plain.message);
}

/* Runs the chunk on top under a CPU count of its own; its first result stays. */
static int run_chunk(struct vm *vm, lua_State *L, const char *title, struct error *error) {
  struct vm_stretch stretch = vm_stretch_begin(vm, true);
  int status = lua_pcall(L, 0, 1, 0);
  const char *code = vm_stretch_end(vm, stretch);
  if (status != 0) {
    vm_error_take(L, code, error);
    error_name(error, title);
    return -1;
  }
  if (!lua_isnil(L, -1)) return 0;
  lua_pop(L, 1);
  return error_set(error, 500, "script_error", "%s.lua: returns nothing", title);
}

int loader_load(struct vm *vm, lua_State *L, const char *kind, const char *name, struct error *error) {
  char title[FILE_TITLE_SIZE];
  snprintf(title, sizeof title, "%s/%s", kind, name);
  if (!file_find_script(vm, kind, name)) return not_found(vm, title, error);
  if (file_load(vm, L, title, vm->script_env, error) < 0) return -1;
  return run_chunk(vm, L, title, error);
}

/* Replaces the function on top, a `require`, by an environment that has it and what every script has. */
static void push_environment(struct vm *vm, lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_insert(L, -2);
  lua_setfield(L, -2, "require");
  lua_createtable(L, 0, 3);
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm->script_env);
  luaL_getmetafield(L, -1, "__newindex");
  lua_setfield(L, -3, "__newindex");
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

int loader_load_beside(struct vm *vm, lua_State *L, const char *title, struct error *error) {
  push_environment(vm, L);
  int environment = luaL_ref(L, LUA_REGISTRYINDEX);
  int status = file_find_title(vm, title) ? file_load(vm, L, title, environment, error) : not_found(vm, title, error);
  luaL_unref(L, LUA_REGISTRYINDEX, environment);
  return status == 0 ? run_chunk(vm, L, title, error) : -1;
}

const char *loader_path(struct vm *vm, const char *kind, const char *name) {
  return file_find_script(vm, kind, name) ? vm->file.origin : NULL;
}
