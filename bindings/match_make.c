// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "bindings/bind.h"
#include "bindings/json.h"
#include "bindings/match.h"
#include "match/code.h"
#include "match/set.h"
#include "process/worker.h"
#include "script/task.h"

/* A set that this process has is used again, so that a new generation compiles only what has changed. Patterns are
 * compiled at once, which is quick; many words take some milliseconds: a hook that asks for them waits while a thread
 * does it; while a generation is loaded nothing may wait. */

#define POOL_TYPE "gateway.match.pool"

/* ---- the pool ---- */

static int pool_collect(lua_State *L) {
  match_pool_close(*(struct match_pool **)lua_touserdata(L, 1));
  return 0;
}

/* Specs and check have no worker that keeps sets from one VM to the next. */
void bind_match_pool_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"__gc", pool_collect}, {0}};
  const struct worker *worker = vm_host(L);
  if (worker && worker->match) return;
  bind_box_type(L, POOL_TYPE, methods);
  void **box = bind_box_new(L, POOL_TYPE, NULL);
  *box = match_pool_open();
  lua_setfield(L, LUA_REGISTRYINDEX, "gateway.match.pool.own");
}

static struct match_pool *pool_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  if (worker && worker->match) return worker->match;
  lua_getfield(L, LUA_REGISTRYINDEX, "gateway.match.pool.own");
  struct match_pool *pool = bind_box(L, -1, POOL_TYPE);
  lua_pop(L, 1); /* the registry keeps it */
  return pool;
}

/* ---- arguments ---- */

static unsigned option_flag(lua_State *L, enum match_kind kind, const char *name) {
  if (strcmp(name, "caseless") == 0) return MATCH_CASELESS;
  if (kind == MATCH_PATTERNS && strcmp(name, "multiline") == 0) return MATCH_MULTILINE;
  if (kind == MATCH_PATTERNS && strcmp(name, "dotall") == 0) return MATCH_DOTALL;
  return (unsigned)luaL_error(L, "unknown option \"%s\"", name);
}

static unsigned options_read(lua_State *L, enum match_kind kind) {
  unsigned flags = 0;
  if (lua_isnoneornil(L, 2)) return 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_pushvalue(L, 2);
  json_view_through(L);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, 2, "options have names");
    unsigned flag = option_flag(L, kind, lua_tostring(L, -2));
    luaL_argcheck(L, lua_isboolean(L, -1), 2, "an option is true or false");
    if (lua_toboolean(L, -1)) flags |= flag;
  }
  lua_pop(L, 1);
  return flags;
}

/* The entries of the table on top, up to the first hole. Raises nothing. */
static int texts_read(lua_State *L, struct match_recipe *recipe, struct error *error) {
  int status = 0;
  for (int i = 1; status == 0; i++) {
    lua_rawgeti(L, -1, i);
    int type = lua_type(L, -1);
    if (type == LUA_TSTRING) {
      status = match_recipe_add(recipe, bind_slice(L, -1), error);
    } else if (type != LUA_TNIL) {
      status = error_set(error, 500, "match_refused", "entry %d is a %s, not a string", i, lua_typename(L, type));
    }
    lua_pop(L, 1);
    if (type == LUA_TNIL) break;
  }
  return status;
}

static void recipe_read(lua_State *L, enum match_kind kind, struct match_recipe *recipe) {
  struct error error;
  luaL_checktype(L, 1, LUA_TTABLE);
  unsigned flags = options_read(L, kind);
  lua_pushvalue(L, 1);
  json_view_through(L);
  match_recipe_init(recipe, kind, flags);
  int status = texts_read(L, recipe, &error);
  lua_pop(L, 1);
  if (status == 0) return;
  match_recipe_free(recipe);
  luaL_error(L, "%s", error.message);
}

/* ---- compiling on a thread ---- */

struct compilation {
  uv_work_t work;
  struct match_pool *pool; /* the worker's */
  struct match_recipe recipe;
  struct match_code *code; /* null when it failed, or taken over */
  struct error error;
  struct task *task; /* null once nobody waits any more */
  uint64_t number;
};

static void compilation_free(struct compilation *compilation) {
  match_recipe_free(&compilation->recipe);
  match_code_close(compilation->code);
  free(compilation);
}

static void compile(uv_work_t *work) {
  struct compilation *compilation = work->data;
  compilation->code = match_code_compile(&compilation->recipe, false, &compilation->error);
}

static void compiled(uv_work_t *work, int status) {
  struct compilation *compilation = work->data;
  (void)status;
  if (compilation->task) {
    task_wake(compilation->task, compilation->number);
  } else {
    compilation_free(compilation);
  }
}

/* Single words cannot fail: what does is too large as a whole. */
static int push_compiled(lua_State *L, void *operation) {
  struct compilation *compilation = operation;
  if (!compilation->code) {
    struct error error = compilation->error;
    compilation_free(compilation);
    return luaL_error(L, "%s", error.message);
  }
  struct match_code *code = compilation->code;
  compilation->code = NULL;
  struct match_set *set = match_pool_add(compilation->pool, &compilation->recipe, code);
  compilation_free(compilation);
  bind_match_push(L, set);
  return 1;
}

static void compilation_abort(void *operation) {
  ((struct compilation *)operation)->task = NULL;
}

static int compile_aside(lua_State *L, struct match_pool *pool, struct match_recipe *recipe) {
  struct worker *worker = vm_host(L);
  struct compilation *compilation = calloc(1, sizeof *compilation);
  REQUIRE(compilation != NULL);
  *compilation = (struct compilation){.pool = pool, .recipe = *recipe, .task = task_of(L)};
  compilation->work.data = compilation;
  compilation->number = task_wait(L, compilation, push_compiled, compilation_abort);
  REQUIRE(uv_queue_work(&worker->loop.uv, &compilation->work, compile, compiled) == 0);
  return lua_yield(L, 0);
}

/* ---- making ---- */

/* What a set may use of the script's CPU time: measured, with room for a slow machine. */
enum { TEXTS_PER_MS = 4, WORK_BYTES_PER_MS = 2048 };

static void compile_expect(lua_State *L, const struct match_recipe *recipe) {
  size_t milliseconds = 2 + recipe->count / TEXTS_PER_MS;
  vm_work_expect(vm_of(L), milliseconds * WORK_BYTES_PER_MS);
}

static int compile_here(lua_State *L, struct match_pool *pool, struct match_recipe *recipe) {
  struct error error;
  compile_expect(L, recipe);
  struct match_code *code = match_code_compile(recipe, false, &error);
  if (!code) {
    match_recipe_free(recipe);
    return luaL_error(L, "%s", error.message);
  }
  bind_match_push(L, match_pool_add(pool, recipe, code));
  return 1;
}

/* A few words are compiled faster than a thread is woken. */
enum { WORDS_AT_ONCE = 16 };

static bool wait_for(lua_State *L, const struct match_recipe *recipe) {
  const struct worker *worker = vm_host(L);
  if (match_recipe_kind(recipe) == MATCH_PATTERNS || recipe->count <= WORDS_AT_ONCE) return false;
  return worker && worker->match && task_of(L) && task_running(L) && lua_isyieldable(L);
}

int bind_match_make(lua_State *L, enum match_kind kind) {
  struct match_recipe recipe;
  struct match_pool *pool = pool_of(L);
  recipe_read(L, kind, &recipe);
  struct match_set *set = match_pool_find(pool, &recipe);
  if (set) {
    match_recipe_free(&recipe);
    bind_match_push(L, set);
    return 1;
  }
  if (recipe.count > 0 && wait_for(L, &recipe)) return compile_aside(L, pool, &recipe);
  return compile_here(L, pool, &recipe);
}
