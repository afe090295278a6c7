// SPDX-License-Identifier: Apache-2.0
#include "script/loader.h"

#include <dirent.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/file.h"
#include "script/state.h"

/* ---- listing ---- */

static const char suffix[] = ".lua";

static int is_script(const struct dirent *entry) {
  size_t len = strlen(entry->d_name), stem = len - (sizeof suffix - 1);
  if (len <= sizeof suffix - 1 || strcmp(entry->d_name + stem, suffix) != 0) return 0;
  for (size_t i = 0; i < stem; i++) {
    char byte[2] = {entry->d_name[i], '\0'};
    if (!file_name_valid(byte, false)) return 0;
  }
  if (stem > 5 && strncmp(entry->d_name + stem - 5, "_spec", 5) == 0) return 0;
  return stem != strlen("contract") || strncmp(entry->d_name, "contract", stem) != 0;
}

/* Adds the names in one folder as fields of the table on top. */
static void collect_names(lua_State *L, const char *folder) {
  struct dirent **entries;
  int count = scandir(folder, &entries, is_script, NULL);
  for (int i = 0; i < count; i++) {
    lua_pushlstring(L, entries[i]->d_name, strlen(entries[i]->d_name) - (sizeof suffix - 1));
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    free(entries[i]);
  }
  if (count >= 0) free(entries);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Replaces the table of fields on top by a sorted array of them. */
static int sort_names(lua_State *L) {
  int set = lua_gettop(L), count = 0;
  for (lua_pushnil(L); lua_next(L, set); lua_pop(L, 1)) count++;
  const char **names = lua_newuserdata(L, sizeof *names * (size_t)(count + 1));
  int at = 0;
  for (lua_pushnil(L); lua_next(L, set); lua_pop(L, 1)) names[at++] = lua_tostring(L, -2);
  qsort(names, (size_t)count, sizeof *names, compare_names);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushlstring(L, names[i], strlen(names[i]));
    lua_rawseti(L, -2, i + 1);
  }
  lua_replace(L, set);
  lua_settop(L, set);
  return count;
}

int loader_list(struct vm *vm, lua_State *L, const char *kind) {
  lua_newtable(L);
  for (size_t i = 0; file_name_valid(kind, true) && i < vm->root_count; i++) {
    int len = snprintf(vm->path, sizeof vm->path, "%s/%s", vm->roots[i], kind);
    if (len > 0 && (size_t)len < sizeof vm->path) collect_names(L, vm->path);
  }
  return sort_names(L);
}

/* ---- loading ---- */

static int not_found(const struct vm *vm, const char *title, struct error *error) {
  char roots[160] = "";
  size_t len = 0;
  for (size_t i = 0; i < vm->root_count && len < sizeof roots; i++) {
    int added = snprintf(roots + len, sizeof roots - len, "%s%s", i > 0 ? ", " : "", vm->roots[i]);
    len += added > 0 ? (size_t)added : 0;
  }
  return error_set(error, 500, "script_error", "%s.lua: not found in %s", title, roots);
}

/* Runs the chunk on top under a CPU count of its own; its first result stays. */
static int run_chunk(struct vm *vm, lua_State *L, const char *title, struct error *error) {
  struct vm_stretch stretch = vm_stretch_begin(vm, true);
  int status = lua_pcall(L, 0, 1, 0);
  const char *code = vm_stretch_end(vm, stretch);
  if (status != 0) {
    vm_error_take(L, code, error);
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

const char *loader_path(struct vm *vm, const char *kind, const char *name) {
  return file_find_script(vm, kind, name) ? vm->path : NULL;
}
