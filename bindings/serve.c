// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/checks.h"
#include "bindings/gate_door.h"
#include "process/call.h"
#include "process/fault.h"
#include "process/gone.h"
#include "process/worker.h"
#include "script/brood.h"
#include "script/task.h"
#include "script/vm.h"

/* gateway.call's type, gateway.server, and main's two handles on the scripts: load and serve. */

extern const luaL_Reg bind_reply_methods[];
void bind_call_types(lua_State *L);
void bind_server(lua_State *L);

enum { CALL_METHODS = 64 };

/* Appends a list to a method table. */
static void methods_add(luaL_Reg *table, const luaL_Reg *list) {
  int count = 0;
  while (table[count].name) count++;
  for (; list->name; list++) {
    REQUIRE(count < CALL_METHODS - 1);
    table[count++] = *list;
  }
}

void bind_call_types(lua_State *L) {
  luaL_Reg methods[CALL_METHODS] = {{NULL, NULL}};
  methods_add(methods, bind_call_request);
  methods_add(methods, bind_call_answer);
  methods_add(methods, bind_call_notes);
  bind_box_type(L, CALL_TYPE, methods);
  bind_box_type(L, REPLY_TYPE, bind_reply_methods);
  bind_checks_type(L);
  static const luaL_Reg functions[] = {{"checks", bind_checks_new}, {NULL, NULL}};
  bind_door(L, "call", functions);
}

/* draining() -> true while this gateway is shutting down */
static int server_draining(lua_State *L) {
  const struct worker *worker = vm_host(L);
  lua_pushboolean(L, worker->draining);
  return 1;
}

/* first() -> true in one worker only: what is to be said once is said there */
static int server_first(lua_State *L) {
  const struct worker *worker = vm_host(L);
  lua_pushboolean(L, worker && worker->log && worker->index == 0);
  return 1;
}

/* publish(): brings the gauges and counters that are kept elsewhere up to date */
static int server_publish(lua_State *L) {
  worker_publish(vm_host(L));
  return 0;
}

static int server_version(lua_State *L) {
  lua_pushliteral(L, MOONGATE_VERSION);
  return 1;
}

/* pause([path]): between the parts of a long set-up, lets the requests of the generation that serves have their turn;
 * at the gate notes the file that comes next */
static int server_pause(lua_State *L) {
  if (!vm_generation(L) && lua_isstring(L, 1)) bind_gate_step(L, lua_tostring(L, 1));
  return generation_pause(vm_generation(L), L) ? lua_yield(L, 0) : 0;
}

/* judged(path) -> true when the script has been held against its contract: always in a VM of a generation, at the gate
 * when it is the one that serves */
static int server_judged(lua_State *L) {
  lua_pushboolean(L, vm_generation(L) || bind_gate_judged(L, luaL_checkstring(L, 1)));
  return 1;
}

void bind_server(lua_State *L) {
  static const luaL_Reg functions[] = {{"draining", server_draining},
                                       {"version", server_version},
                                       {"first", server_first},
                                       {"publish", server_publish},
                                       {"pause", server_pause},
                                       {"judged", server_judged},
                                       {NULL, NULL}};
  bind_door_private(L, "server", functions);
}

/* ---- main's handles ---- */

/* A script that failed: its traceback is in the log already; the client learns the one word it may act on. One that
 * ends without an answer, or leaves its stream open, has failed, too. */
static void serve_done(struct task *task, void *owner, const struct error *error) {
  struct call *call = owner;
  call->task = NULL;
  bool cut = error || call_drained(call); /* of a drained call the hooks hear now, when what it used is known */
  if (cut) call_part(call, true, error ? error->code : "client_closed_request");
  call_box_empty(call);
  if (error) fault_note(call->worker, task, error, call->trace_id);
  if (error || !exchange_answered(call->exchange) || call_streams(call)) {
    call_break(call, 500, "script_error", "the gateway could not complete the request");
  }
}

struct call *bind_call_running(lua_State *L) {
  struct task *task = task_running(L);
  if (!task) return NULL;
  return task_is(task, serve_done) ? task_owner(task) : brood_owner_of(task); /* a race is one of a call's */
}

void bind_call_serve(struct call *call) {
  struct vm *vm = call->generation ? call->generation->vm : call->worker->vm;
  lua_State *L = vm_state(vm);
  bool found = vm_push_function(vm, L, "init", "serve");
  if (!found) lua_pushnil(L);
  call->box = bind_box_new(L, CALL_TYPE, call);
  call->task = task_start(vm, &call->worker->loop, L, 1, serve_done, call);
  /* What has begun goes before what begins; and who asks how a busy worker does must not take it for dead. */
  if (call->route->class == ROUTE_MODEL) task_put_off(call->task);
}
