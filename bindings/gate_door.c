// SPDX-License-Identifier: Apache-2.0
#include "bindings/gate_door.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bindings/bind.h"
#include "crypto/digest.h"
#include "process/judge.h"
#include "script/bundle.h"
#include "script/file.h"

/* ---- the candidate's files ---- */

static struct gate *gate_here(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, GATE_PLACE);
  struct gate *gate = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return gate;
}

static struct gate *gate_of(lua_State *L) {
  struct gate *gate = gate_here(L);
  if (!gate) luaL_error(L, "there is no gate here");
  return gate;
}

static void set_text(lua_State *L, const char *name, const char *value) {
  bind_push_slice(L, slice_text(value));
  lua_setfield(L, -2, name);
}

static int gate_files(lua_State *L) {
  const struct bundle *bundle = gate_of(L)->candidate;
  lua_createtable(L, (int)bundle->count, 0);
  for (size_t i = 0; i < bundle->count; i++) {
    struct bundle_file file = bundle_at(bundle, i);
    lua_createtable(L, 0, 3);
    set_text(L, "path", file.path);
    set_text(L, "origin", file.origin);
    lua_pushboolean(L, file.bundled);
    lua_setfield(L, -2, "bundled");
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

static struct slice text_of(lua_State *L) {
  struct bundle_file file;
  const char *path = luaL_checkstring(L, 1);
  if (!bundle_find(gate_of(L)->candidate, path, &file)) luaL_error(L, "the candidate has no %s", path);
  return file.text;
}

static int gate_text(lua_State *L) {
  bind_push_slice(L, text_of(L));
  return 1;
}

static int gate_hash(lua_State *L) {
  struct digest digest;
  char hex[DIGEST_HEX_SIZE];
  digest_sha256(text_of(L), &digest);
  digest_hex(&digest, hex);
  bind_push_slice(L, slice_make(hex, sizeof hex));
  return 1;
}

/* ---- where it is ---- */

void bind_gate_step(lua_State *L, const char *path) {
  struct gate *gate = gate_here(L);
  struct bundle_file file;
  if (!gate) return;
  bool found = bundle_find(gate->candidate, path, &file);
  snprintf(gate->step, sizeof gate->step, "%s", found ? file.origin : path);
  if (gate->task && gate->task->step) gate->task->step(gate->task->user, gate->step);
}

static int gate_step(lua_State *L) {
  bind_gate_step(L, luaL_checkstring(L, 1));
  return 0;
}

/* ---- what was judged before ---- */

static bool is_same(const struct bundle *active, const struct bundle_file *file) {
  struct bundle_file other;
  return bundle_find(active, file->path, &other) && slice_equal(file->text, other.text);
}

static bool is_foundation(const struct bundle_file *file) {
  if (file->class != BUNDLE_SCRIPT) return file->class < BUNDLE_SCRIPT;
  return file_is_part(file->path) || strcmp(strrchr(file->path, '/') + 1, "contract.lua") == 0;
}

static enum gate_foundation foundation_find(const struct bundle *candidate, const struct bundle *active) {
  for (size_t i = 0; i < candidate->count; i++) {
    struct bundle_file file = bundle_at(candidate, i);
    if (is_foundation(&file) && !is_same(active, &file)) return FOUNDATION_OTHER;
  }
  return FOUNDATION_SAME;
}

bool bind_gate_judged(lua_State *L, const char *path) {
  struct gate *gate = gate_here(L);
  struct bundle_file file;
  if (!gate || !gate->task || !gate->task->active) return false;
  const struct bundle *active = gate->task->active;
  if (!gate->foundation) gate->foundation = (int)foundation_find(gate->candidate, active);
  return gate->foundation == FOUNDATION_SAME && bundle_find(gate->candidate, path, &file) && is_same(active, &file);
}

/* ---- time ---- */

static lua_Number milliseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (lua_Number)now.tv_sec * 1e3 + (lua_Number)now.tv_nsec / 1e6;
}

/* Specs may fix gateway.clock; these two stay what they are. */
static int gate_elapsed(lua_State *L) {
  lua_pushnumber(L, milliseconds(CLOCK_MONOTONIC));
  return 1;
}

static int gate_cpu(lua_State *L) {
  lua_pushnumber(L, milliseconds(CLOCK_PROCESS_CPUTIME_ID));
  return 1;
}

/* The count ends here in C: a Lua function would not get as far. */
static int gate_limited(lua_State *L) {
  struct cutoff *cutoff = &gate_of(L)->cutoff;
  lua_Number limit = luaL_checknumber(L, 1);
  luaL_argcheck(L, limit >= 1 && limit <= 60000, 1, "between 1 and 60000 milliseconds");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (cutoff_start(cutoff, L, (unsigned)limit) < 0) return luaL_error(L, "no timer for the CPU limit");
  int status = lua_pcall(L, lua_gettop(L) - 2, 0, 0);
  bool passed = cutoff_stop(cutoff);
  if (status == 0) lua_pushnil(L);
  lua_pushboolean(L, passed);
  lua_insert(L, -2);
  bind_push_slice(L, slice_text(cutoff->file));
  lua_pushinteger(L, cutoff->line);
  return 4;
}

void bind_gate(lua_State *L) {
  static const luaL_Reg functions[] = {{"files", gate_files},     {"text", gate_text}, {"hash", gate_hash},
                                       {"elapsed", gate_elapsed}, {"cpu", gate_cpu},   {"limited", gate_limited},
                                       {"step", gate_step},       {NULL, NULL}};
  bind_door_private(L, "gate", functions);
}
