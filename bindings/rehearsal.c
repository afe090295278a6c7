// SPDX-License-Identifier: Apache-2.0
#include "bindings/rehearsal.h"

#include "bindings/bind.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.spec's part about time, the network and what is told:
 *   upstream(fake) -> requests    fetches go to fake(request) -> { status=, headers=, body= } | nil, message, code;
 *                                 each { url, method, headers, body, timeout_ms } is appended to `requests`;
 *                                 upstream(nil): no network again
 *   background() -> number        runs what task.later has put off, and what that puts off; how many
 *   slept() -> milliseconds       clock.sleep was asked for since the last call; a fixed clock moves with it
 *   logged() -> lines             gateway.log was told since the last call: { level, msg, and the line's fields }
 *   counted(name) -> number       gateway.metrics.count has come to in this spec file */

static const char key[] = "gateway.rehearsal";

enum { BACKGROUND_MOST = 1000, LINES_MOST = 1000 };

void rehearsal_open(lua_State *L) {
  static const char *const tables[] = {"later", "lines", "counts"};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    lua_newtable(L);
    lua_setfield(L, -2, tables[i]);
  }
  lua_pushnumber(L, 0);
  lua_setfield(L, -2, "slept");
  lua_setfield(L, LUA_REGISTRYINDEX, key);
}

bool rehearsal_is_on(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  bool on = lua_istable(L, -1);
  lua_pop(L, 1);
  return on;
}

static void push_field(lua_State *L, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

/* Pops the value. */
static void set_field(lua_State *L, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  lua_insert(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

/* ---- for the doors ---- */

void rehearsal_sleep(lua_State *L, lua_Number milliseconds) {
  struct worker *worker = vm_host(L);
  if (worker->clock.fixed) clock_advance(&worker->clock, milliseconds);
  push_field(L, "slept");
  lua_pushnumber(L, lua_tonumber(L, -1) + milliseconds);
  set_field(L, "slept");
  lua_pop(L, 1);
}

/* Appends the value on top (and pops it) to the list below it. */
static void append(lua_State *L) {
  lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
}

int rehearsal_fetch(lua_State *L) {
  int request = lua_gettop(L);
  push_field(L, "requests");
  if (lua_isnil(L, -1)) return luaL_error(L, "no network in specs: say what answers with spec.upstream(function)");
  lua_pushvalue(L, request);
  append(L);
  push_field(L, "upstream");
  lua_pushvalue(L, request);
  lua_call(L, 1, 3);
  if (!lua_istable(L, -3) && !lua_isnil(L, -3)) return luaL_error(L, "a fake upstream returns a table, or nil");
  return 3;
}

void rehearsal_later(lua_State *L) {
  int count = lua_gettop(L);
  lua_createtable(L, count, 1);
  lua_pushinteger(L, count);
  lua_setfield(L, -2, "n");
  for (int i = 1; i <= count; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i);
  }
  push_field(L, "later");
  lua_insert(L, -2);
  append(L);
  lua_pop(L, 1);
}

/* Copies the fields of the table at 2 into the one on top. */
static void copy_fields(lua_State *L) {
  for (lua_pushnil(L); lua_next(L, 2);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

void rehearsal_log(lua_State *L, const char *level) {
  push_field(L, "lines");
  int lines = lua_gettop(L);
  lua_newtable(L);
  if (lua_istable(L, 2)) copy_fields(L);
  bind_push_slice(L, slice_text(level));
  lua_setfield(L, -2, "level");
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "msg");
  if (lua_objlen(L, lines) < LINES_MOST) append(L);
  lua_settop(L, lines - 1);
}

void rehearsal_count(lua_State *L, const char *name, lua_Number by) {
  push_field(L, "counts");
  lua_getfield(L, -1, name);
  lua_pushnumber(L, lua_tonumber(L, -1) + by);
  lua_setfield(L, -3, name);
  lua_pop(L, 2);
}

/* ---- gateway.spec ---- */

static int spec_upstream(lua_State *L) {
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    set_field(L, "upstream");
    lua_pushnil(L);
    set_field(L, "requests");
    return 0;
  }
  luaL_checktype(L, 1, LUA_TFUNCTION);
  set_field(L, "upstream");
  lua_newtable(L);
  lua_pushvalue(L, -1);
  set_field(L, "requests");
  return 1;
}

/* Calls what the table on top was made of; pops it. */
static void run_entry(lua_State *L) {
  int entry = lua_gettop(L);
  lua_getfield(L, entry, "n");
  int count = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  luaL_checkstack(L, count, "too many arguments");
  for (int i = 1; i <= count; i++) lua_rawgeti(L, entry, i);
  lua_call(L, count - 1, 0);
  lua_settop(L, entry - 1);
}

static int spec_background(lua_State *L) {
  int done = 0;
  lua_settop(L, 0);
  push_field(L, "later");
  for (; done < (int)lua_objlen(L, 1); done++) {
    if (done == BACKGROUND_MOST) return luaL_error(L, "work that is put off never ends");
    lua_rawgeti(L, 1, done + 1);
    run_entry(L);
  }
  lua_newtable(L);
  set_field(L, "later");
  lua_pushinteger(L, done);
  return 1;
}

static int spec_slept(lua_State *L) {
  push_field(L, "slept");
  lua_pushnumber(L, 0);
  set_field(L, "slept");
  return 1;
}

static int spec_logged(lua_State *L) {
  push_field(L, "lines");
  lua_newtable(L);
  set_field(L, "lines");
  return 1;
}

static int spec_counted(lua_State *L) {
  push_field(L, "counts");
  lua_getfield(L, -1, luaL_checkstring(L, 1));
  lua_pushnumber(L, lua_tonumber(L, -1));
  return 1;
}

const luaL_Reg rehearsal_functions[] = {{"upstream", spec_upstream}, {"background", spec_background},
                                        {"slept", spec_slept},       {"logged", spec_logged},
                                        {"counted", spec_counted},   {NULL, NULL}};
