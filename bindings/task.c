// SPDX-License-Identifier: Apache-2.0
#include "script/task.h"

#include "bindings/bind.h"
#include "bindings/rehearsal.h"
#include "process/worker.h"

/* gateway.task: work off the path of any answer.
 *   later(fn, ...) -> true | false     runs fn(...) in a coroutine of its own in this worker, some time after the
 *       present one waits or ends. It may wait; it has the CPU limit and the memory cap of every script and at most a
 *       minute. What belongs to a request (ctx) is over there: hand on values. false: too much is put off already.
 * Errors are logged and counted, and reach nobody. Only hooks may put work off, not scripts that are being loaded. */

void bind_task(lua_State *L);

enum { ARGUMENTS_MAX = 16 };

/* The VM's generation has been replaced: what it still runs may end, but must not go on for ever. */
static bool is_retired(const struct worker *worker, lua_State *L) {
  return worker->vm != vm_of(L);
}

static void count_refusal(const struct worker *worker) {
  struct slice name = SLICE_LITERAL("task.refused");
  if (worker->metrics) metric_add(metrics_series(worker->metrics, METRIC_SCRIPT_EVENTS, &name, 1), 1);
}

static int task_later(lua_State *L) {
  struct worker *worker = vm_host(L);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  int count = lua_gettop(L) - 1;
  luaL_argcheck(L, count <= ARGUMENTS_MAX, ARGUMENTS_MAX + 1, "too many arguments");
  if (rehearsal_is_on(L)) {
    rehearsal_later(L);
    lua_pushboolean(L, 1);
    return 1;
  }
  struct task *task = task_running(L);
  if (!task || !worker) return luaL_error(L, "work can be put off by hooks only");
  bool refused = background_owns(task) && is_retired(worker, L);
  bool taken = !refused && background_add(&worker->background, L, count);
  if (!taken) count_refusal(worker);
  lua_pushboolean(L, taken);
  return 1;
}

void bind_task(lua_State *L) {
  static const luaL_Reg functions[] = {{"later", task_later}, {NULL, NULL}};
  bind_door(L, "task", functions);
}
