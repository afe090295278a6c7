// SPDX-License-Identifier: Apache-2.0
#include "script/strings.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "script/sandbox.h"
#include "script/search.h"
#include "script/vm.h"

/* The functions below stand before the stock function of the same name, which is their upvalue 1. */
static int call_stock(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

/* Room for a result of `len` bytes and the buffer it is made in; false when it would be too long. */
static bool fits(lua_State *L, size_t len) {
  if (len > SANDBOX_STRING_LIMIT) return false;
  if (len >= SANDBOX_BIG_STRING) vm_memory_reserve(vm_of(L), 2 * len);
  return true;
}

static int too_long(lua_State *L) {
  return luaL_error(L, "string result too long");
}

/* reverse, lower, upper: as long as what they are given. */
static int strings_same_length(lua_State *L) {
  size_t len;
  luaL_checklstring(L, 1, &len);
  return fits(L, len) ? call_stock(L) : too_long(L);
}

static int strings_rep(lua_State *L) {
  size_t len, separator = 0;
  luaL_checklstring(L, 1, &len);
  lua_Number count = luaL_checknumber(L, 2);
  if (!lua_isnoneornil(L, 3)) luaL_checklstring(L, 3, &separator);
  lua_Number total = count > 0 ? count * (lua_Number)(len + separator) : 0;
  bool possible = total <= SANDBOX_STRING_LIMIT && fits(L, (size_t)total);
  return possible ? call_stock(L) : too_long(L);
}

/* Whether a value may have a __tostring that format calls from C. */
static bool runs_script(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type != LUA_TTABLE && type != LUA_TUSERDATA) return false;
  if (!lua_getmetatable(L, index)) return false;
  lua_pop(L, 1);
  return true;
}

static int strings_format(lua_State *L) {
  int top = lua_gettop(L);
  size_t total = 0;
  bool nested = false;
  for (int i = 1; i <= top; i++) {
    if (lua_type(L, i) == LUA_TSTRING) total += lua_objlen(L, i);
    nested = nested || runs_script(L, i);
  }
  if (!fits(L, total)) return too_long(L);
  if (!nested) return call_stock(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  sandbox_callback(L, top, 1);
  return lua_objlen(L, -1) > SANDBOX_STRING_LIMIT ? too_long(L) : 1;
}

static void wrap(lua_State *L, int stock, const char *name, lua_CFunction function) {
  lua_getfield(L, stock, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

void strings_push(lua_State *L, int stock) {
  static const char *const taken[] = {"byte", "char", "len", "sub"};
  lua_createtable(L, 0, 16);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
    lua_getfield(L, stock, taken[i]);
    lua_setfield(L, -2, taken[i]);
  }
  wrap(L, stock, "lower", strings_same_length);
  wrap(L, stock, "upper", strings_same_length);
  wrap(L, stock, "reverse", strings_same_length);
  wrap(L, stock, "rep", strings_rep);
  wrap(L, stock, "format", strings_format);
  search_functions(L);
}
