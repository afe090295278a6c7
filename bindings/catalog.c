// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include "bindings/bind.h"
#include "bindings/json.h"
#include "catalog/names.h"
#include "codec/json.h"
#include "script/vm.h"

/* gateway.catalog: what is known of models (docs/catalog.md), by the names their providers have here.
 *   find(provider, model) -> row | nil     exactly this one; decodes one row and keeps nothing: ask once, not a request
 *   list(provider) -> names                of the models, in the order of their bytes
 *   count() -> rows
 *   names(text, list, prefix, member...) -> text, count | nothing     the names in a provider's list of models: of the
 *       entries of the array `list` of the document (nil: of the document) the first of the members that is a string,
 *       without `prefix`; sorted, each once, an LF between two. Nothing when there is no such list.
 *   faults() -> { "path:line: what is wrong", ... }     of the files; empty for a generation that serves */

void bind_catalog(lua_State *L);

static struct catalog catalog_of(lua_State *L) {
  struct catalog catalog;
  catalog_view(&catalog, vm_catalog(vm_of(L)));
  return catalog;
}

static struct slice key_make(struct buffer *key, struct slice provider, struct slice model) {
  buffer_append_slice(key, provider);
  buffer_append(key, "/", 1);
  buffer_append_slice(key, model);
  return buffer_slice(key);
}

static int door_find(lua_State *L) {
  struct slice provider = bind_slice(L, 1), model = bind_slice(L, 2), row;
  struct catalog catalog = catalog_of(L);
  struct slice key = key_make(bind_buffer_new(L), provider, model);
  if (!catalog_find(&catalog, key, &row)) return 0;
  json_push_value(L, row, 0);
  return 1;
}

static int door_list(lua_State *L) {
  struct slice provider = bind_slice(L, 1);
  struct catalog catalog = catalog_of(L);
  struct slice prefix = key_make(bind_buffer_new(L), provider, (struct slice){0});
  uint32_t first, end = catalog_range(&catalog, prefix, &first);
  lua_createtable(L, (int)(end - first), 0);
  for (uint32_t i = first; i < end; i++) {
    bind_push_slice(L, slice_from(catalog_at(&catalog, i).key, prefix.len));
    lua_rawseti(L, -2, (int)(i - first) + 1);
  }
  return 1;
}

static int door_count(lua_State *L) {
  lua_pushnumber(L, catalog_of(L).rows);
  return 1;
}

static void fault_text(const struct catalog_fault *fault, struct buffer *out) {
  buffer_append_slice(out, fault->path);
  if (fault->line > 0) buffer_append_format(out, ":%u", fault->line);
  buffer_append(out, ": ", 2);
  buffer_append_slice(out, fault->message);
}

static int door_faults(lua_State *L) {
  struct catalog catalog = catalog_of(L);
  lua_createtable(L, (int)catalog.faults, 0);
  for (uint32_t i = 0; i < catalog.faults; i++) {
    struct catalog_fault fault = catalog_fault_at(&catalog, i);
    struct buffer *text = bind_buffer_new(L);
    fault_text(&fault, text);
    bind_push_slice(L, buffer_slice(text));
    lua_rawseti(L, -3, (int)i + 1);
    lua_pop(L, 1);
  }
  return 1;
}

static int door_names(lua_State *L) {
  struct slice text = bind_slice(L, 1);
  struct names_shape shape = {.prefix = bind_slice(L, 3), .member_count = 0};
  if (!lua_isnil(L, 2)) shape.list = bind_slice(L, 2);
  int count = lua_gettop(L) - 3;
  luaL_argcheck(L, count <= NAMES_MEMBERS_MAX, 4, "too many members");
  for (int i = 0; i < count && !lua_isnil(L, 4 + i); i++) shape.members[shape.member_count++] = bind_slice(L, 4 + i);
  struct buffer *names = bind_buffer_new(L);
  long found = names_read(text, &shape, names);
  if (found < 0) return 0;
  bind_push_slice(L, buffer_slice(names));
  lua_pushnumber(L, (lua_Number)found);
  return 2;
}

void bind_catalog(lua_State *L) {
  static const luaL_Reg functions[] = {{"find", door_find},     {"list", door_list},   {"count", door_count},
                                       {"faults", door_faults}, {"names", door_names}, {NULL, NULL}};
  bind_door(L, "catalog", functions);
}
