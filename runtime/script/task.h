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

/* Called once when the coroutine is over: `error` null when it returned, else the message with traceback in
 * `error->message` and in the log. Not called after task_cancel. The task is freed when this returns. */
typedef void (*task_done)(struct task *task, void *owner, const struct error *error);

/* Creates the coroutine for the function on top of `L` (the VM's main state) with the `argument_count` values above it,
 * which are popped, and queues its first run. */
struct task *task_start(struct vm *vm, struct loop *loop, lua_State *L, int argument_count, task_done done,
                        void *owner);

/* The task that `L` runs in; null in the main state (loading, specs outside a task). */
struct task *task_of(lua_State *L);
void *task_owner(const struct task *task);

/* --- for bindings that wait --- */

/* Pushes the results of a finished wait onto L; returns how many. Runs in the task's coroutine, may raise. */
typedef int (*task_results)(lua_State *L, void *operation);
/* The exchange is gone: stop the operation. Afterwards nobody may wake it. */
typedef void (*task_abort)(void *operation);

/* Registers the one pending operation; the binding then does `return lua_yield(L, 0)`. Returns the wait's number.
 * Raises when not inside a task ("cannot wait here"). */
uint64_t task_wait(lua_State *L, void *operation, task_results results, task_abort abort);

/* The operation is finished: the task resumes soon (never inside this call). A stale number is ignored. */
void task_wake(struct task *task, uint64_t number);

/* Ends the task now: aborts its pending operation; the coroutine is dropped (or, when it is running this very moment,
 * dropped as soon as it yields). `done` is not called. */
void task_cancel(struct task *task);
