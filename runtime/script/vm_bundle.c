// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/check.h"
#include "script/file.h"
#include "script/state.h"

/* Where a VM's files come from. */

/* Also replaces what it had: only its own, which no earlier caller holds. */
static int read_roots(struct vm *vm, struct error *error) {
  struct buffer bytes = {0};
  struct bundle_sources sources = {
      .roots = (const char *const *)vm->roots, .root_count = vm->root_count, .catalog_overlay = vm->catalog_overlay};
  if (bundle_read(&sources, &bytes, error) < 0) {
    buffer_free(&bytes);
    return -1;
  }
  buffer_free(&vm->own);
  vm->own = bytes;
  REQUIRE(bundle_view(&vm->bundle, buffer_slice(&vm->own)));
  return 0;
}

int vm_bundle_open(struct vm *vm, const struct bundle *bundle, struct error *error) {
  if (!bundle) return read_roots(vm, error);
  vm->bundle = *bundle;
  return 0;
}

static void forget_compiled(struct vm *vm) {
  lua_newtable(vm->L);
  lua_rawseti(vm->L, LUA_REGISTRYINDEX, vm->compiled);
}

int vm_refresh(struct vm *vm, struct error *error) {
  forget_compiled(vm);
  return read_roots(vm, error);
}

bool vm_compile(struct vm *vm, size_t *position, uint64_t nanoseconds) {
  return file_compile(vm, position, nanoseconds);
}

const struct bundle *vm_bundle(const struct vm *vm) {
  return &vm->bundle;
}

struct slice vm_catalog(struct vm *vm) {
  struct bundle_file file;
  return bundle_find(&vm->bundle, "catalog", &file) ? file.text : (struct slice){0};
}

bool vm_configuration(struct vm *vm, const char *path, struct slice *text) {
  struct bundle_file file;
  if (!bundle_find(&vm->bundle, "config", &file) || strcmp(file.origin, path) != 0) return false;
  *text = file.text;
  return true;
}

/* ---- what stays ---- */

static bool is_loaded(struct vm *vm, const struct bundle_file *file) {
  char name[FILE_TITLE_SIZE];
  size_t len = strlen(file->path) - strlen(".lua");
  for (size_t i = 0; i < len; i++) name[i] = file->path[i] == '/' ? '.' : file->path[i];
  lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->modules);
  lua_pushlstring(vm->L, name, len);
  lua_rawget(vm->L, -2);
  bool loaded = !lua_isnil(vm->L, -1);
  lua_pop(vm->L, 2);
  return loaded;
}

/* A module or a part that nobody has required yet: a hook may do so in its first call. And the catalog. */
static bool may_be_needed(const struct bundle_file *file, void *user) {
  if (file->class == BUNDLE_CATALOG) return true;
  if (file->class == BUNDLE_SPEC || file->class == BUNDLE_CONFIG) return false;
  if (file->class == BUNDLE_SCRIPT && !file_is_part(file->path)) return false;
  return !is_loaded(user, file);
}

void vm_let_go(struct vm *vm) {
  struct buffer kept = {0};
  bundle_select(&vm->bundle, may_be_needed, vm, &kept);
  buffer_free(&vm->own);
  vm->own = kept;
  REQUIRE(bundle_view(&vm->bundle, buffer_slice(&vm->own)));
  forget_compiled(vm);
}
