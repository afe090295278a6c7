// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "script/budget.h"
#include "script/guard.h"
#include "script/task.h"
#include "script_support.h"

enum { MIB = 1024 * 1024, LIMIT_MS = 20 * SLOWNESS };

static struct play play;
static struct loop loop;
static uv_timer_t presence; /* a loop without handles does not turn */
static struct budget *budget;
static struct vm *vm;

/* ---- an operation that a test finishes by hand ---- */

struct operation {
  struct task *task;
  uint64_t number;
  int value;
  int results, aborts; /* how often each was asked for */
  bool raises;         /* its results do */
};

static struct operation operations[8];
static int operation_count;

/* How one task ended. */
struct outcome {
  struct task *task;
  int calls;
  bool failed;
  struct error error;
  char traceback[512];
};

static inline int operation_results(lua_State *L, void *operation) {
  struct operation *self = operation;
  self->results++;
  if (self->raises) return luaL_error(L, "no results");
  lua_pushinteger(L, self->value);
  lua_pushliteral(L, "second");
  return 2;
}

static inline void operation_abort(void *operation) {
  ((struct operation *)operation)->aborts++;
}

static struct operation *operation_new(lua_State *L) {
  struct task *task = task_check(L);
  assert_true(operation_count < 8);
  struct operation *self = &operations[operation_count++];
  self->task = task;
  self->number = task_wait(L, self, operation_results, operation_abort);
  return self;
}

/* wait() -> value, "second" */
static inline int door_wait(lua_State *L) {
  operation_new(L);
  return lua_yield(L, 0);
}

/* The operation is finished before the coroutine has yielded. */
static inline int door_instant(lua_State *L) {
  struct operation *self = operation_new(L);
  self->value = 7;
  task_wake(self->task, self->number);
  return lua_yield(L, 0);
}

static inline int door_raw_yield(lua_State *L) {
  return lua_yield(L, lua_gettop(L));
}

/* A binding that forgets to yield. */
static inline int door_forget(lua_State *L) {
  operation_new(L);
  return 0;
}

/* The exchange ends while its script runs. */
static inline int door_cancel_self(lua_State *L) {
  task_cancel(task_of(L));
  lua_pushboolean(L, task_of(L) != NULL);
  return 1;
}

static inline int door_note(lua_State *L) {
  struct outcome *outcome = task_owner(task_check(L));
  snprintf(outcome->traceback, sizeof outcome->traceback, "%s", luaL_checkstring(L, 1));
  return 0;
}

static inline void on_presence(uv_timer_t *timer) {
  (void)timer;
}

static inline int set_up(void **state) {
  (void)state;
  play_open(&play);
  assert_int_equal(loop_open(&loop), 0);
  uv_timer_init(&loop.uv, &presence);
  uv_timer_start(&presence, on_presence, 3600 * 1000, 0);
  budget = budget_open(LIMIT_MS);
  vm = play_vm(&play, 64 * MIB, budget);
  operation_count = 0;
  memset(operations, 0, sizeof operations);
  return 0;
}

static inline int tear_down(void **state) {
  (void)state;
  vm_close(vm);
  budget_close(budget);
  uv_close((uv_handle_t *)&presence, NULL);
  assert_int_equal(loop_close(&loop), 0);
  play_close(&play);
  return 0;
}

static inline void on_done(struct task *task, void *owner, const struct error *error) {
  struct outcome *outcome = owner;
  assert_ptr_equal(outcome->task, task);
  outcome->calls++;
  outcome->failed = error != NULL;
  if (error) outcome->error = *error;
  const char *traceback = task_traceback(task);
  assert_true((traceback != NULL) == outcome->failed);
  if (traceback) snprintf(outcome->traceback, sizeof outcome->traceback, "%s", traceback);
}

/* A function of this text, with the test's doors beside the sandbox's functions. */
static inline void push_function(struct vm *in, const char *text) {
  lua_State *L = vm_state(in);
  assert_int_equal(luaL_loadbufferx(L, text, strlen(text), "=x.lua", "t"), 0);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  static const luaL_Reg doors[] = {{"wait", door_wait},
                                   {"instant", door_instant},
                                   {"raw_yield", door_raw_yield},
                                   {"forget", door_forget},
                                   {"note", door_note},
                                   {"cancel_self", door_cancel_self},
                                   {NULL, NULL}};
  luaL_setfuncs(L, doors, 0);
  guard_push(L);
  lua_setfield(L, -2, "guard");
  lua_pop(L, 1);
  lua_setfenv(L, -2);
}

static inline void start(struct outcome *outcome, const char *text) {
  *outcome = (struct outcome){0};
  push_function(vm, text);
  outcome->task = task_start(vm, &loop, vm_state(vm), 0, on_done, outcome);
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}

static inline void turn(void) {
  uv_run(&loop.uv, UV_RUN_NOWAIT);
}

static inline void finish(struct operation *operation, int value) {
  operation->value = value;
  task_wake(operation->task, operation->number);
}

static inline void fails(const char *text, const char *code, const char *message) {
  struct outcome outcome;
  start(&outcome, text);
  turn();
  assert_int_equal(outcome.calls, 1);
  assert_true(outcome.failed);
  assert_int_equal(outcome.error.status, 500);
  assert_string_equal(outcome.error.code, code);
  assert_string_equal(outcome.error.message, message);
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}
