// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/background.h"
#include "process/call.h"
#include "process/worker.h"
#include "script/task.h"
#include "script/vm.h"

/* call:when_cut(table): when the script of this call is cut short (the client has gone, a deadline has passed, the
 * hallway failed), table.when_cut(table, code, trace_id, sent) runs as work that was put off; `sent` is the number of
 * bytes the client was sent of an answer. The call is over there. */

struct parting {
  struct call_parting parting;
  struct call_tie tie;
  struct vm *vm;
  int place; /* of the table, in the registry */
};

/* Not while scripts run: then the stack is theirs. What was to be done must bear that it is not. */
static void parting_run(struct call_parting *base, struct call *call, const char *code) {
  struct parting *parting = LIST_OWNER(base, struct parting, parting);
  lua_State *L = vm_state(parting->vm);
  if (task_running(L)) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, parting->place);
  lua_pushliteral(L, "when_cut");
  lua_rawget(L, -2);
  lua_insert(L, -2);
  bind_push_slice(L, slice_text(code));
  bind_push_slice(L, slice_make(call->trace_id, 32));
  bool pings_only = call->stream == CALL_STREAM_BEGUN;
  lua_pushnumber(L, pings_only ? 0 : (lua_Number)exchange_bytes_sent(call->exchange));
  if (!background_add(&call->worker->background, L, 4)) lua_pop(L, 5);
}

static void parting_cut(struct call_tie *tie) {
  struct parting *parting = LIST_OWNER(tie, struct parting, tie);
  luaL_unref(vm_state(parting->vm), LUA_REGISTRYINDEX, parting->place);
}

int bind_when_cut(lua_State *L) {
  struct call *call = bind_call(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  struct parting *parting = arena_alloc(exchange_arena(call->exchange), sizeof *parting);
  *parting = (struct parting){.parting = {parting_run}, .vm = vm_of(L), .place = luaL_ref(L, LUA_REGISTRYINDEX)};
  call_tie(call, &parting->tie, parting_cut);
  call->parting = &parting->parting;
  return 0;
}
