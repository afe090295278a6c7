// SPDX-License-Identifier: Apache-2.0
#include "script/task.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "script/state.h"

enum task_state { TASK_QUEUED, TASK_RUNNING, TASK_WAITING, TASK_OVER };

struct task {
  struct list node; /* in the VM's tasks */
  struct loop_job job;
  struct vm *vm;
  struct loop *loop;
  lua_State *thread; /* the registry holds it at `anchor` */
  int anchor;
  int argument_count; /* of the first run */
  enum task_state state;
  bool cancelled;  /* while it was running */
  bool ended;      /* the coroutine came to its end by itself */
  bool woken;      /* between the wake and the next run */
  uint64_t number; /* of the newest wait */
  void *operation; /* the pending wait; none when `abort` is null */
  task_results results;
  task_abort abort;
  task_done done;
  void (*gone)(void *owner); /* null = nobody asks */
  void *owner;
  unsigned errands;
  bool set_up;           /* see task_set_up */
  uint64_t ran_ns;       /* how long it has run before the present stretch */
  uint64_t resumed_ns;   /* when that began */
  const char *traceback; /* lies on the main state's stack while `done` runs */
};

static void on_job(struct loop_job *job);

/* ---- coroutines ---- */

/* One that came to its end serves again: its stack has grown to what requests need, which a new one would do step by
 * step, for the collector to clear away. */
static struct vm_spare thread_take(struct vm *vm, lua_State *L) {
  if (vm->spare_count > 0) return vm->spares[--vm->spare_count];
  lua_State *thread = lua_newthread(L);
  return (struct vm_spare){.thread = thread, .anchor = luaL_ref(L, LUA_REGISTRYINDEX)};
}

/* One that was left in the middle, or failed, is never run again. */
static void thread_return(const struct task *task) {
  struct vm *vm = task->vm;
  if (!task->ended || vm->spare_count == VM_SPARES) {
    luaL_unref(vm->L, LUA_REGISTRYINDEX, task->anchor);
    return;
  }
  lua_settop(task->thread, 0);
  vm->spares[vm->spare_count++] = (struct vm_spare){.thread = task->thread, .anchor = task->anchor};
}

/* ---- tasks ---- */

/* What may raise comes before what must be freed. */
struct task *task_prepare(struct vm *vm, struct loop *loop, lua_State *L, int argument_count) {
  REQUIRE(argument_count < LUA_MINSTACK);
  struct vm_spare taken = thread_take(vm, L);
  lua_xmove(L, taken.thread, argument_count + 1);
  struct task *task = calloc(1, sizeof *task);
  REQUIRE(task != NULL);
  task->vm = vm;
  task->loop = loop;
  task->argument_count = argument_count;
  task->thread = taken.thread;
  task->anchor = taken.anchor;
  vm_task_opened(vm, &task->node);
  loop_job_init(&task->job, on_job);
  return task;
}

void task_own(struct task *task, void *owner, task_done done, void (*gone)(void *owner)) {
  task->owner = owner;
  task->done = done;
  task->gone = gone;
}

void task_begin(struct task *task) {
  on_job(&task->job);
}

struct task *task_start(struct vm *vm, struct loop *loop, lua_State *L, int argument_count, task_done done,
                        void *owner) {
  struct task *task = task_prepare(vm, loop, L, argument_count);
  task_own(task, owner, done, NULL);
  loop_defer(loop, &task->job);
  return task;
}

void task_put_off(struct task *task) {
  loop_put_off(task->loop, &task->job);
}

struct task *task_of(lua_State *L) {
  struct task *task = vm_of(L)->running;
  return task && task->thread == L ? task : NULL;
}

struct vm *task_vm(const struct task *task) {
  return task->vm;
}

void *task_owner(const struct task *task) {
  return task->owner;
}

bool task_is(const struct task *task, task_done done) {
  return task->done == done;
}

struct task *task_running(lua_State *L) {
  struct task *task = vm_of(L)->running;
  return task && !task->set_up ? task : NULL;
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t task_ran_ns(const struct vm *vm) {
  const struct task *task = vm->running;
  return task ? task->ran_ns + now_ns() - task->resumed_ns : now_ns() - vm->opened_ns;
}

unsigned *task_errands(struct task *task) {
  return &task->errands;
}

const char *task_traceback(const struct task *task) {
  return task->traceback;
}

/* ---- waiting ---- */

struct task *task_check(lua_State *L) {
  struct task *task = task_of(L);
  if (!task || task->set_up || !lua_isyieldable(L)) luaL_error(L, "cannot wait here");
  return task;
}

static uint64_t wait_begin(struct task *task, void *operation, task_results results, task_abort abort) {
  REQUIRE(results && abort && !task->abort);
  task->operation = operation;
  task->results = results;
  task->abort = abort;
  return ++task->number;
}

uint64_t task_wait(lua_State *L, void *operation, task_results results, task_abort abort) {
  return wait_begin(task_check(L), operation, results, abort);
}

void task_set_up(struct task *task) {
  task->set_up = true;
}

static int no_results(lua_State *L, void *operation) {
  (void)L, (void)operation;
  return 0;
}

static void no_abort(void *operation) {
  (void)operation;
}

uint64_t task_pause(lua_State *L) {
  struct task *task = task_of(L);
  if (!task || !task->set_up || !lua_isyieldable(L)) return 0;
  return wait_begin(task, task, no_results, no_abort);
}

void task_wake(struct task *task, uint64_t number) {
  if (number != task->number || !task->abort) return;
  task->woken = true;
  if (task->state != TASK_WAITING) return;
  task->state = TASK_QUEUED;
  loop_defer(task->loop, &task->job);
}

/* Ends the pending wait, if there is one, without its results. */
static void wait_abort(struct task *task) {
  task_abort stop = task->abort;
  task->abort = NULL;
  if (stop) stop(task->operation);
}

/* ---- the end ---- */

/* May close the VM: the last thing its caller does. */
static void task_finish(struct task *task, const struct error *error) {
  struct vm *vm = task->vm;
  bool failed = task->traceback != NULL;
  task->state = TASK_OVER;
  wait_abort(task);
  if (!task->cancelled) task->done(task, task->owner, error);
  if (task->cancelled && task->gone) task->gone(task->owner);
  if (task->traceback) lua_pop(vm->L, 1);
  thread_return(task);
  list_remove(&task->node);
  free(task);
  if (failed) vm_memory_sweep(vm);
  vm_task_ended(vm);
}

/* Takes the error value from the top of the main state. */
static void task_fail(struct task *task, const char *code) {
  lua_State *main = task->vm->L;
  struct error error;
  lua_pushvalue(main, -1);
  vm_error_take(main, code, &error);
  const char *message = lua_isstring(main, -1) ? lua_tostring(main, -1) : error.message;
  luaL_traceback(main, task->thread, message, 0);
  lua_remove(main, -2);
  task->traceback = lua_tostring(main, -1);
  task_finish(task, &error);
}

void task_cancel(struct task *task) {
  if (task->state == TASK_OVER) return;
  task->cancelled = true;
  if (task->state == TASK_RUNNING) return;
  loop_job_cancel(&task->job);
  task_finish(task, NULL);
}

void task_cancel_all(struct vm *vm) {
  while (!list_empty(&vm->tasks)) task_cancel(LIST_OWNER(vm->tasks.next, struct task, node));
}

/* ---- running ---- */

/* On the main state, protected: the results of the finished wait. */
static int collect_results(lua_State *L) {
  struct task *task = lua_touserdata(L, 1);
  lua_settop(L, 0);
  return task->results(L, task->operation);
}

void task_open(lua_State *L) {
  lua_pushcfunction(L, collect_results);
  vm_of(L)->task_results = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Moves what the coroutine goes on with onto its stack; returns how many, or -1 with the error on the main state. */
static int take_results(struct task *task) {
  if (!task->abort) return task->argument_count;
  lua_State *main = task->vm->L;
  int top = lua_gettop(main);
  task->abort = NULL;
  task->woken = false;
  lua_rawgeti(main, LUA_REGISTRYINDEX, task->vm->task_results);
  lua_pushlightuserdata(main, task);
  if (lua_pcall(main, 1, LUA_MULTRET, 0) != 0) return -1;
  int count = lua_gettop(main) - top;
  REQUIRE(count < LUA_MINSTACK);
  lua_xmove(main, task->thread, count);
  return count;
}

/* Runs the coroutine until it waits or ends. Returns lua_resume's status; an error is left on the main state. */
static int run(struct task *task) {
  struct vm *vm = task->vm;
  task->state = TASK_RUNNING;
  vm->running = task;
  vm->depth = 0;
  task->resumed_ns = now_ns();
  int count = take_results(task);
  int status = count < 0 ? LUA_ERRRUN : lua_resume(task->thread, count);
  vm->running = NULL;
  task->ran_ns += now_ns() - task->resumed_ns;
  if (count >= 0 && status != 0 && status != LUA_YIELD) lua_xmove(task->thread, vm->L, 1);
  return status;
}

static void task_yielded(struct task *task) {
  lua_settop(task->thread, 0);
  if (!task->abort) {
    lua_pushliteral(task->vm->L, "a binding yielded without a wait");
    task_fail(task, NULL);
    return;
  }
  task->state = TASK_WAITING;
  if (task->woken) task_wake(task, task->number);
}

static void on_job(struct loop_job *job) {
  struct task *task = LIST_OWNER(job, struct task, job);
  struct vm_stretch stretch = vm_stretch_begin(task->vm, !task->set_up);
  int status = run(task);
  const char *code = vm_stretch_end(task->vm, stretch);
  bool failed = status != 0 && status != LUA_YIELD;
  task->ended = status == 0;
  if (task->cancelled) {
    if (failed) lua_pop(task->vm->L, 1);
    task_finish(task, NULL);
  } else if (failed) {
    task_fail(task, code);
  } else if (status == LUA_YIELD) {
    task_yielded(task);
  } else {
    task_finish(task, NULL);
  }
}
