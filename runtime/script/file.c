// SPDX-License-Identifier: Apache-2.0
#include "script/file.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "script/state.h"

static bool is_word_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' ||
         byte == '_';
}

bool file_name_valid(const char *name, bool folders) {
  if (!is_word_byte(*name)) return false;
  for (const char *at = name; *at; at++) {
    bool joint = folders && *at == '/' && is_word_byte(at[1]);
    if (!joint && !is_word_byte(*at)) return false;
  }
  return true;
}

static bool find(struct vm *vm, const char *path) {
  return bundle_find(&vm->bundle, path, &vm->file) && vm->file.class <= BUNDLE_SCRIPT;
}

bool file_find_module(struct vm *vm, const char *name) {
  char path[FILE_TITLE_SIZE];
  if (!file_name_valid(name, false)) return false;
  return (size_t)snprintf(path, sizeof path, "%s.lua", name) < sizeof path && find(vm, path);
}

bool file_find_script(struct vm *vm, const char *kind, const char *name) {
  char path[FILE_TITLE_SIZE];
  if (!file_name_valid(kind, true) || !file_name_valid(name, false)) return false;
  return (size_t)snprintf(path, sizeof path, "%s/%s.lua", kind, name) < sizeof path && find(vm, path);
}

bool file_find_title(struct vm *vm, const char *title) {
  char path[FILE_TITLE_SIZE];
  if (!file_name_valid(title, true)) return false;
  return (size_t)snprintf(path, sizeof path, "%s.lua", title) < sizeof path && find(vm, path);
}

/* ---- parts of scripts ---- */

static bool is_kind(const char *folder) {
  static const char *const kinds[] = {"providers", "providers/dialects", "strategies", "plugins", "admin"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(folder, kinds[i]) == 0) return true;
  }
  return false;
}

static bool below_kind(const char *folder) {
  char first[FILE_TITLE_SIZE];
  size_t len = strcspn(folder, "/");
  memcpy(first, folder, len);
  first[len] = '\0';
  return is_kind(first) && !is_kind(folder);
}

/* Splits "a/b/c" into "a/b" (in place) and "c". */
static const char *split_last(char *title) {
  char *slash = strrchr(title, '/');
  if (!slash) return NULL;
  *slash = '\0';
  return slash + 1;
}

bool file_part_title(const char *name, char title[FILE_TITLE_SIZE]) {
  size_t len = strlen(name);
  if (len >= FILE_TITLE_SIZE) return false;
  memcpy(title, name, len + 1);
  for (char *at = title; *at; at++) {
    if (*at == '/') return false;
    if (*at == '.') *at = '/';
  }
  if (!file_name_valid(title, true)) return false;
  char folder[FILE_TITLE_SIZE];
  memcpy(folder, title, len + 1);
  return split_last(folder) && below_kind(folder);
}

bool file_find_part(struct vm *vm, const char *title) {
  char folder[FILE_TITLE_SIZE];
  memcpy(folder, title, strlen(title) + 1);
  const char *name = split_last(folder);
  return name && file_find_script(vm, folder, name);
}

bool file_is_part(const char *path) {
  char folder[FILE_TITLE_SIZE];
  size_t len = strlen(path);
  if (len >= sizeof folder) return false;
  memcpy(folder, path, len + 1);
  return split_last(folder) && below_kind(folder);
}

/* ---- compiling ---- */

static int compile(lua_State *L, struct slice text, const char *title) {
  char chunk_name[FILE_TITLE_SIZE + 8];
  snprintf(chunk_name, sizeof chunk_name, "@%s.lua", title);
  return luaL_loadbufferx(L, text.len > 0 ? text.ptr : "", text.len, chunk_name, "t");
}

/* Pushes the file when it was compiled before; each is used once, unless the VM loads the same again and again. */
static bool take_compiled(struct vm *vm, lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm->compiled);
  lua_pushlstring(L, vm->file.path, strlen(vm->file.path));
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  if (!lua_isfunction(L, -1)) {
    lua_pop(L, 3);
    return false;
  }
  lua_insert(L, -3);
  if (vm->reloads) {
    lua_pop(L, 2);
    return true;
  }
  lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return true;
}

/* The chunk on top, which keeps nothing from one run to the next. */
static void keep_compiled(struct vm *vm, lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm->compiled);
  lua_pushlstring(L, vm->file.path, strlen(vm->file.path));
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

static int compile_now(struct vm *vm, lua_State *L, const char *title) {
  int status = compile(L, vm->file.text, title);
  if (status == 0 && vm->reloads) keep_compiled(vm, L);
  return status;
}

int file_load(struct vm *vm, lua_State *L, const char *title, int environment, struct error *error) {
  if (!take_compiled(vm, L) && compile_now(vm, L, title) != 0) {
    vm_error_take(L, NULL, error);
    return -1;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, environment);
  lua_setfenv(L, -2);
  return 0;
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void compile_ahead(struct vm *vm, const struct bundle_file *file) {
  char title[FILE_TITLE_SIZE];
  size_t len = strlen(file->path) - strlen(".lua");
  memcpy(title, file->path, len);
  title[len] = '\0';
  lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->compiled);
  lua_pushlstring(vm->L, file->path, strlen(file->path));
  if (compile(vm->L, file->text, title) == 0) lua_rawset(vm->L, -3);
  lua_settop(vm->L, 0);
}

bool file_compile(struct vm *vm, size_t *position, uint64_t nanoseconds) {
  uint64_t due = now_ns() + nanoseconds;
  do {
    if (*position >= vm->bundle.count) return false;
    struct bundle_file file = bundle_at(&vm->bundle, (*position)++);
    if (file.class <= BUNDLE_SCRIPT) compile_ahead(vm, &file);
  } while (now_ns() < due);
  return *position < vm->bundle.count;
}
