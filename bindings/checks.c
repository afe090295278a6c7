// SPDX-License-Identifier: Apache-2.0
#include "bindings/checks.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/check.h"
#include "bindings/bind.h"

/* gateway.call.checks: the rules of lua/chat.lua, compiled once, applied to a body's top-level members without
 * decoding. */

#define CHECKS_TYPE "gateway.checks"

struct check {
  struct slice name; /* in the checks' arena */
  unsigned kinds;    /* bit 1 << enum json_type; INTEGER_ONLY beside JSON_NUMBER */
  bool required, nonempty, integer;
  double min, max;
};

struct checks {
  struct arena arena;
  struct check *items;
  size_t count;
};

static const struct {
  const char *name;
  unsigned kinds;
  bool integer;
} kind_names[] = {{"string", 1u << JSON_STRING, false}, {"array", 1u << JSON_ARRAY, false},
                  {"object", 1u << JSON_OBJECT, false}, {"boolean", 1u << JSON_TRUE | 1u << JSON_FALSE, false},
                  {"number", 1u << JSON_NUMBER, false}, {"integer", 1u << JSON_NUMBER, true}};

static void kind_add(lua_State *L, struct check *check, const char *name) {
  for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
    if (strcmp(kind_names[i].name, name) != 0) continue;
    check->kinds |= kind_names[i].kinds;
    check->integer = check->integer || kind_names[i].integer;
    return;
  }
  luaL_error(L, "a JSON value is no %s", name);
}

static bool flag(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

static double bound(lua_State *L, const char *name, double otherwise) {
  lua_getfield(L, -1, name);
  double value = luaL_optnumber(L, -1, otherwise);
  lua_pop(L, 1);
  return value;
}

/* One rule is on top: { name, kind [, kind], required =, nonempty =, min =, max = } */
static void check_read(lua_State *L, struct checks *checks, struct check *check) {
  lua_rawgeti(L, -1, 1);
  check->name = arena_copy(&checks->arena, bind_slice(L, -1));
  lua_pop(L, 1);
  for (int i = 2;; i++) {
    lua_rawgeti(L, -1, i);
    if (lua_isnil(L, -1)) break;
    kind_add(L, check, luaL_checkstring(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  check->required = flag(L, "required");
  check->nonempty = flag(L, "nonempty");
  check->min = bound(L, "min", -1e308);
  check->max = bound(L, "max", 1e308);
}

static int checks_collect(lua_State *L) {
  arena_free(&((struct checks *)lua_touserdata(L, 1))->arena);
  return 0;
}

int bind_checks_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  struct checks *checks = lua_newuserdata(L, sizeof *checks);
  *checks = (struct checks){.count = lua_objlen(L, 1)};
  luaL_getmetatable(L, CHECKS_TYPE);
  lua_setmetatable(L, -2);
  checks->items = arena_alloc(&checks->arena, (checks->count + 1) * sizeof *checks->items);
  for (size_t i = 0; i < checks->count; i++) {
    lua_rawgeti(L, 1, (int)i + 1);
    check_read(L, checks, &checks->items[i]);
    lua_pop(L, 1);
  }
  return 1;
}

static bool is_fraction(struct slice number) {
  for (size_t i = 0; i < number.len; i++) {
    if (number.ptr[i] == '.' || number.ptr[i] == 'e' || number.ptr[i] == 'E') return true;
  }
  return false;
}

static bool is_empty(struct slice raw) {
  for (size_t i = 1; i + 1 < raw.len; i++) {
    if (!strchr(" \t\r\n", raw.ptr[i])) return false;
  }
  return true;
}

static bool number_holds(const struct check *check, struct slice raw) {
  if (check->integer && is_fraction(raw)) return false;
  double value = json_number_value(raw);
  return value >= check->min && value <= check->max;
}

static bool check_holds(const struct check *check, const struct json_member *member) {
  if (!member || member->type == JSON_NULL) return !check->required;
  if (!(check->kinds & 1u << member->type)) return false;
  if (member->type == JSON_NUMBER) return number_holds(check, member->value);
  return !check->nonempty || !is_empty(member->value);
}

size_t bind_checks_fault(lua_State *L, int index, const struct json_index *members) {
  const struct checks *checks = luaL_checkudata(L, index, CHECKS_TYPE);
  for (size_t i = 0; i < checks->count; i++) {
    if (!check_holds(&checks->items[i], json_index_find(members, checks->items[i].name))) return i + 1;
  }
  return 0;
}

void bind_checks_type(lua_State *L) {
  static const luaL_Reg methods[] = {{"__gc", checks_collect}, {NULL, NULL}};
  bind_box_type(L, CHECKS_TYPE, methods);
}
