// SPDX-License-Identifier: Apache-2.0
#include "process/schedule.h"

#include "bindings/bind.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.schedule, for the hallway:
 *   every(first_ms, every_ms, jitter, fn) -> true | false     fn() runs in a coroutine of its own in this worker, as
 *       work that was put off does: it may wait, at most a minute. Once after `first_ms`, then about every `every_ms`,
 *       sooner or later by a share of at most `jitter` (0 to 1), as long as this VM's generation serves. A turn for
 *       which there is no room is left out. False where nothing is served: at the gate, in specs. */

void bind_schedule(lua_State *L);

static void turn_run(const struct schedule *schedule) {
  struct generation *generation = schedule->generation;
  lua_State *L = vm_state(generation->vm);
  lua_rawgeti(L, LUA_REGISTRYINDEX, schedule->place);
  if (!background_add(&generation->worker->background, L, 0)) lua_pop(L, 1);
}

static lua_Number milliseconds_check(lua_State *L, int index) {
  lua_Number number = luaL_checknumber(L, index);
  luaL_argcheck(L, number >= 1 && number <= 1e12, index, "milliseconds wanted");
  return number;
}

static int schedule_every(lua_State *L) {
  lua_Number first = milliseconds_check(L, 1), every = milliseconds_check(L, 2), jitter = luaL_checknumber(L, 3);
  luaL_argcheck(L, jitter >= 0 && jitter <= 1, 3, "between 0 and 1");
  luaL_checktype(L, 4, LUA_TFUNCTION);
  struct generation *generation = vm_generation(L);
  lua_pushboolean(L, generation != NULL);
  if (!generation) return 1;
  lua_pushvalue(L, 4);
  struct schedule plan = {
      .every_ms = (uint64_t)every, .jitter = jitter, .place = luaL_ref(L, LUA_REGISTRYINDEX), .run = turn_run};
  schedule_add(generation, &plan, (uint64_t)first);
  return 1;
}

void bind_schedule(lua_State *L) {
  static const luaL_Reg functions[] = {{"every", schedule_every}, {NULL, NULL}};
  bind_door_private(L, "schedule", functions);
}
