// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/call.h"
#include "script/module.h"

/* gateway.context (hallway): what a plugin's hook is handed as ctx, a read-only view that ends with its request.
 *   new(fields, methods [, call [, lazy]]) -> ctx        `call` is one of the values of `fields`, which keep it alive
 *       ctx.name is fields[name], else methods[name], else what lazy[name](fields) returns, which is then kept as
 *       fields[name]. Only strings are looked up, tables raw. The same `methods` always goes with the same `lazy`.
 *   fields(ctx) -> fields, also when it is over
 *   close(ctx): from now on every use raises "ctx is over"; so it is when the call ends
 *   is_open(ctx) -> boolean */

void bind_context(lua_State *L);

static const char context_type[] = "ctx";

struct context {
  const char *type;
  bool over;
  void **call; /* the call's box, emptied when it ends; `fields` holds it as long as this. Null: of no call */
};

static struct context *context_at(lua_State *L, int index) {
  struct context *context = lua_touserdata(L, index);
  bool known = context && lua_type(L, index) == LUA_TUSERDATA && lua_objlen(L, index) == sizeof *context &&
               context->type == context_type;
  if (!known) luaL_typerror(L, index, context_type);
  return context;
}

/* Looks the key at 2 up in the table on top, which it replaces. False when there is nothing. */
static bool lookup(lua_State *L) {
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  lua_replace(L, -2);
  return !lua_isnil(L, -1);
}

/* Makes the value with the function on top and keeps it. */
static int lazy_make(lua_State *L) {
  lua_getfenv(L, 1);
  lua_call(L, 1, 1);
  lua_getfenv(L, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return 1;
}

static bool is_over(const struct context *context) {
  return context->over || (context->call && !*context->call);
}

static void check_open(lua_State *L) {
  const struct context *context = context_at(L, 1);
  if (is_over(context) || (context->call && bind_in_background(L))) luaL_error(L, "ctx is over");
}

/* ctx.<name>; upvalues: methods, lazy or nil */
static int context_index(lua_State *L) {
  check_open(L);
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  lua_getfenv(L, 1);
  if (lookup(L)) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  if (lookup(L)) return 1;
  lua_pushvalue(L, lua_upvalueindex(2));
  if (!lua_istable(L, -1) || !lookup(L)) return 0;
  return lazy_make(L);
}

static int context_newindex(lua_State *L) {
  check_open(L);
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "this";
  return luaL_error(
      L, "ctx.%s is read-only: change the request with ctx.body:set(path, value), keep things in ctx.state", name);
}

static int context_tostring(lua_State *L) {
  lua_pushliteral(L, "ctx");
  return 1;
}

/* A new metatable for the methods at 2 and the lazy values at 4, kept in the table at upvalue 1. */
static void metatable_make(lua_State *L) {
  static const luaL_Reg events[] = {{"__newindex", context_newindex}, {"__tostring", context_tostring}, {NULL, NULL}};
  lua_createtable(L, 0, 5);
  luaL_setfuncs(L, events, 0);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 4);
  lua_pushcclosure(L, context_index, 2);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, lua_upvalueindex(1));
}

static int context_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 4);
  bool of_call = !lua_isnil(L, 3) && bind_call(L, 3);
  struct context *context = lua_newuserdata(L, sizeof *context);
  *context = (struct context){.type = context_type, .call = of_call ? lua_touserdata(L, 3) : NULL};
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    metatable_make(L);
  }
  lua_setmetatable(L, 5);
  lua_pushvalue(L, 1);
  lua_setfenv(L, 5);
  return 1;
}

static int context_fields(lua_State *L) {
  context_at(L, 1);
  lua_getfenv(L, 1);
  return 1;
}

static int context_close(lua_State *L) {
  context_at(L, 1)->over = true;
  return 0;
}

static int context_is_open(lua_State *L) {
  lua_pushboolean(L, !is_over(context_at(L, 1)));
  return 1;
}

void bind_context(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"fields", context_fields}, {"close", context_close}, {"is_open", context_is_open}, {NULL, NULL}};
  lua_newtable(L);
  lua_newtable(L); /* metatables by their methods; a few for as long as the VM */
  lua_pushcclosure(L, context_new, 1);
  lua_setfield(L, -2, "new");
  luaL_setfuncs(L, functions, 0);
  module_door(L, "context", true);
}
