// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/background.h"
#include "process/call.h"
#include "process/worker.h"
#include "script/task.h"
#include "script/vm.h"

/* call:when_cut(table [, always]): when the script of this call is cut short (the client has gone, a deadline has
 * passed, the hallway failed), table.when_cut(table, code, trace_id, sent, used) runs as work that was put off; `sent`
 * is the number of bytes the client was sent (pings alone are none), `used` what the call is known, or believed, to
 * have used: prompt_tokens, completion_tokens, total_tokens, cost_usd, estimated; nil: nothing is. The call is over
 * there. With `always` also when only the script was cut, a moment after one of its tries had answered the client. Of
 * several tables all run, the newest first. */

struct parting {
  struct call_parting parting;
  struct call_tie tie;
  struct vm *vm;
  int place; /* of the table, in the registry */
};

static void count_set(lua_State *L, const char *name, long long count, double unit) {
  if (count < 0) return;
  lua_pushnumber(L, (lua_Number)count / unit);
  lua_setfield(L, -2, name);
}

static void push_used(lua_State *L, const struct call_notes *notes) {
  if (notes->tokens_in < 0 && notes->tokens_out < 0) return lua_pushnil(L);
  bool both = notes->tokens_in >= 0 && notes->tokens_out >= 0;
  lua_createtable(L, 0, 5);
  count_set(L, "prompt_tokens", notes->tokens_in, 1);
  count_set(L, "completion_tokens", notes->tokens_out, 1);
  if (both) count_set(L, "total_tokens", notes->tokens_in + notes->tokens_out, 1);
  count_set(L, "cost_usd", notes->cost, 1e6);
  lua_pushboolean(L, notes->estimated || !both);
  lua_setfield(L, -2, "estimated");
}

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
  push_used(L, &call->notes);
  if (!background_add(&call->worker->background, L, 5)) lua_pop(L, 6);
}

static void parting_cut(struct call_tie *tie) {
  struct parting *parting = LIST_OWNER(tie, struct parting, tie);
  luaL_unref(vm_state(parting->vm), LUA_REGISTRYINDEX, parting->place);
}

int bind_when_cut(lua_State *L) {
  struct call *call = bind_call(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  struct parting *parting = arena_alloc(exchange_arena(call->exchange), sizeof *parting);
  bool always = lua_toboolean(L, 3);
  lua_settop(L, 2);
  *parting = (struct parting){
      .parting = {call->partings, always, parting_run}, .vm = vm_of(L), .place = luaL_ref(L, LUA_REGISTRYINDEX)};
  call_tie(call, &parting->tie, parting_cut);
  call->partings = &parting->parting;
  return 0;
}
