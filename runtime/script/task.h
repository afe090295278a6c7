// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"
#include "script/vm.h"

/* The coroutine of one exchange. At most one pending operation, with its cancel function; a wake carries the
 * operation's number, so a late completion can never resume the wrong wait. Lua runs only from the loop's deferred
 * jobs. */
struct task;

/* Called once when the coroutine is over: `error` null when it returned, else status 500, one of the codes
 * script_error, script_cpu_limit, script_memory_limit, and the message's first line (task_traceback has the rest). Not
 * called after task_cancel. The task is freed when this returns. Leaves the VM's stack as it is and the VM open. */
typedef void (*task_done)(struct task *task, void *owner, const struct error *error);

/* Creates the coroutine for the function on top of `L` (any state of the VM) with the `argument_count` values above it,
 * all of which are popped, and queues its first run. May raise for memory; then there is no task. */
struct task *task_start(struct vm *vm, struct loop *loop, lua_State *L, int argument_count, task_done done,
                        void *owner);

/* The same in two steps, for work that waits its turn: the task is open at once (its VM stays), and runs only in
 * task_begin, which is called from a callback of the loop's with no Lua on the stack. `gone` is called, and must not
 * call back, when the task is cancelled: the owner then forgets it. */
struct task *task_prepare(struct vm *vm, struct loop *loop, lua_State *L, int argument_count);
void task_own(struct task *task, void *owner, task_done done, void (*gone)(void *owner));
void task_begin(struct task *task);

/* Its first run comes behind whatever else waits: what has begun goes on before. */
void task_put_off(struct task *task);

/* Makes it one that loads a generation: no CPU limit of its own, as in the main state, and nothing in it may wait; it
 * only pauses, so that the loop comes to turn in between. */
void task_set_up(struct task *task);
/* Begins such a pause, whose number task_wake takes; the caller then returns lua_yield(L, 0). 0 where one cannot pause:
 * in another task, in the main state, inside of a callback. */
uint64_t task_pause(lua_State *L);

/* How long the task that runs in this VM has run so far, waits left out; without one a clock of the VM's. */
uint64_t task_ran_ns(const struct vm *vm);

/* The task that `L` runs in; null in the main state (loading, specs outside a task). */
struct task *task_of(lua_State *L);
void *task_owner(const struct task *task);
struct vm *task_vm(const struct task *task);
/* Whose is it: the one whose tasks end in `done`? */
bool task_is(const struct task *task, task_done done);

/* The task that runs now in L's VM, whichever of its coroutines L is; null when none does, or one that loads a
 * generation. */
struct task *task_running(lua_State *L);

/* How many calls to others this task has made; for whoever bounds them. */
unsigned *task_errands(struct task *task);

/* Message and stack of the failed coroutine, for the log. Valid inside task_done only; null when it did not fail. */
const char *task_traceback(const struct task *task);

/* --- for bindings that wait --- */

/* Pushes the results of a finished wait onto L; returns how many. Called before the coroutine goes on, protected: a
 * raise (memory) ends the task with that error. `L` is only good for pushing. */
typedef int (*task_results)(lua_State *L, void *operation);
/* The exchange is gone: stop the operation. Afterwards nobody may wake it. Exactly one of `results` and `abort` ends
 * every wait; `abort` also comes when the task is cancelled between its wake and its next run. */
typedef void (*task_abort)(void *operation);

/* The task that may wait here, or a raise ("cannot wait here": in the main state, inside a gsub or sort callback, while
 * loading). A binding calls this before it starts an operation that a raise would leave behind. */
struct task *task_check(lua_State *L);

/* Registers the one pending operation; the binding then does `return lua_yield(L, 0)`. Returns the wait's number.
 * Raises where task_check does. The wake may come before the yield. */
uint64_t task_wait(lua_State *L, void *operation, task_results results, task_abort abort);

/* The operation is finished: the task resumes soon (never inside this call). A stale number is ignored. */
void task_wake(struct task *task, uint64_t number);

/* Ends the task now: aborts its pending operation; the coroutine is dropped (or, when it is running this very moment,
 * dropped as soon as it yields). `done` is not called; the caller must forget the task. */
void task_cancel(struct task *task);
