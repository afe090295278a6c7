// SPDX-License-Identifier: Apache-2.0
#include "script/file.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "script/loader.h"
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

static bool file_exists(struct vm *vm, const char *root, const char *folder, const char *name) {
  int len = snprintf(vm->path, sizeof vm->path, "%s/%s%s%s.lua", root, folder, *folder ? "/" : "", name);
  struct stat status;
  return len > 0 && (size_t)len < sizeof vm->path && stat(vm->path, &status) == 0 && S_ISREG(status.st_mode);
}

bool file_find_module(struct vm *vm, const char *name) {
  if (!file_name_valid(name, false)) return false;
  for (size_t i = 0; i < vm->root_count; i++) {
    if (file_exists(vm, vm->roots[i], "", name)) return true;
  }
  return false;
}

bool file_find_script(struct vm *vm, const char *kind, const char *name) {
  if (!file_name_valid(kind, true) || !file_name_valid(name, false)) return false;
  for (size_t i = vm->root_count; i > 0; i--) {
    if (file_exists(vm, vm->roots[i - 1], kind, name)) return true;
  }
  return false;
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

/* ---- reading ---- */

static int read_stream(FILE *stream, const char *path, struct buffer *text, struct error *error) {
  while (text->len <= LOADER_FILE_LIMIT) {
    buffer_reserve(text, 4096);
    size_t len = fread(text->data + text->len, 1, text->cap - text->len, stream);
    if (len == 0) break;
    text->len += len;
  }
  if (ferror(stream)) return error_set(error, 500, "script_error", "%s: cannot be read", path);
  if (text->len > LOADER_FILE_LIMIT) {
    return error_set(error, 500, "script_error", "%s: larger than %d bytes", path, LOADER_FILE_LIMIT);
  }
  return 0;
}

static int read_file(const char *path, struct buffer *text, struct error *error) {
  FILE *stream = fopen(path, "rbe");
  if (!stream) return error_set(error, 500, "script_error", "%s: %s", path, strerror(errno));
  int status = read_stream(stream, path, text, error);
  fclose(stream);
  return status;
}

static int load_text(lua_State *L, struct slice text, const char *title, int environment, struct error *error) {
  char chunk_name[128];
  snprintf(chunk_name, sizeof chunk_name, "@%s.lua", title);
  if (luaL_loadbufferx(L, text.ptr, text.len, chunk_name, "t") != 0) {
    vm_error_take(L, NULL, error);
    return -1;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, environment);
  lua_setfenv(L, -2);
  return 0;
}

int file_load(struct vm *vm, lua_State *L, const char *title, int environment, struct error *error) {
  struct buffer text = {0};
  int status = read_file(vm->path, &text, error);
  if (status == 0) status = load_text(L, buffer_slice(&text), title, environment, error);
  buffer_free(&text);
  return status;
}
