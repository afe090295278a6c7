// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/call.h"
#include "process/fault.h"
#include "process/reply.h"
#include "process/worker.h"
#include "script/brood.h"

/* gateway.race: several ways to answer one call, at the same time.
 *   open(call) -> race      gone with the call, and with it everybody who still runs
 *   race:start(fn, ...) -> index | nothing       fn(...) begins in a coroutine of its own, once the present one waits;
 *                           nothing when there are 4 of them already. Its results go nowhere: it writes them down
 *   race:await([ms]) -> index | nothing          the next that has ended; nothing after this time. Waits
 *   race:keep(index)        everybody else is cancelled: what they wait for is given up, their connections close
 *   race:running(index) -> whether it has not ended, and was not cancelled
 * Where one of them fails as a script, the call does: nobody goes on. */

#define RACE_TYPE "gateway.race"

struct race {
  struct brood brood;
  struct call_tie tie;
  void **box;
};

void bind_race(lua_State *L);

static struct race *race_at(lua_State *L) {
  return bind_box(L, 1, RACE_TYPE);
}

static void race_failed(void *owner, struct task *child, const struct error *error) {
  struct call *call = owner;
  fault_note(call->worker, child, error, call->trace_id);
  call_break(call, 500, "script_error", "the gateway could not complete the request");
}

static void race_cut(struct call_tie *tie) {
  struct race *race = LIST_OWNER(tie, struct race, tie);
  if (race->box) *race->box = NULL;
  brood_close(&race->brood);
}

static int race_open(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct race *race = arena_alloc(exchange_arena(call->exchange), sizeof *race);
  brood_open(&race->brood, &call->worker->loop, race_failed, call);
  race->box = bind_box_new(L, RACE_TYPE, race);
  call_tie(call, &race->tie, race_cut);
  return 1;
}

static int race_start(lua_State *L) {
  struct race *race = race_at(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int index = brood_start(&race->brood, L, lua_gettop(L) - 2);
  if (index < 0) return 0;
  lua_pushinteger(L, index + 1);
  return 1;
}

static int race_await(lua_State *L) {
  return brood_await(&race_at(L)->brood, L, luaL_optnumber(L, 2, -1));
}

static unsigned index_at(lua_State *L) {
  lua_Integer index = luaL_checkinteger(L, 2);
  luaL_argcheck(L, index >= 1 && index <= BROOD_MAX, 2, "no such number");
  return (unsigned)index - 1;
}

/* What it has been answered is nobody's any more, and its connection closes. */
static void replies_drop(struct call *call, const struct task *task) {
  for (struct reply *reply = call->replies, *next; reply; reply = next) {
    next = reply->next;
    if (reply->sender == task) reply_free(reply);
  }
}

static int race_keep(lua_State *L) {
  struct race *race = race_at(L);
  unsigned kept = index_at(L);
  for (unsigned i = 0; i < race->brood.count; i++) {
    const struct task *task = i == kept ? NULL : brood_cancel(&race->brood, i);
    if (task) replies_drop(race->brood.owner, task);
  }
  return 0;
}

static int race_running(lua_State *L) {
  lua_pushboolean(L, race_at(L)->brood.children[index_at(L)].task != NULL);
  return 1;
}

/* The script dropped its box: those who run go on. */
static int race_collect(lua_State *L) {
  struct race *race = *(struct race **)lua_touserdata(L, 1);
  if (race) race->box = NULL;
  return 0;
}

void bind_race(lua_State *L) {
  static const luaL_Reg methods[] = {{"start", race_start},     {"await", race_await},  {"keep", race_keep},
                                     {"running", race_running}, {"__gc", race_collect}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"open", race_open}, {NULL, NULL}};
  bind_box_type(L, RACE_TYPE, methods);
  bind_door_private(L, "race", functions);
}
