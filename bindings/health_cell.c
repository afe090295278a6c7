// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/health.h"
#include "process/queue.h"
#include "process/worker.h"
#include "script/task.h"
#include "script/vm.h"

/* A cell of gateway.health.
 *   model(name [, guess]) -> cell     the model's own breaker, not-before and latencies at this target; slots, queue
 *                                     and credentials are the target's. Past 64 models the target's own cell; a guess,
 *                                     which only a client has named, gets that when 32 are taken
 *   models(mark) -> nothing | names, mark     of a target, in any order: whoever has asked for them. Nothing when the
 *                                     mark is what it was
 *   look() -> nothing | reason, ms    "open" | "unhealthy" | "busy" | "throttled" (which never refuses by itself); for
 *                                     how many milliseconds, where that is known
 *   enter(call [, soon]) -> true, state, event | nil, reason, ms     state "half-open" of a probe; event "half-open"
 *                                     when this very call has ended the time that it was open; reason "open" |
 *                                     "unhealthy" | "saturated". May wait in the target's queue. With `soon` it does
 *                                     not enter a target that look calls "busy" or "throttled": that is the reason then
 *   leave(call, verdict [, retry_after_ms]) -> nothing | event     once for each enter; verdict "ok" | "failure" |
 *                                     "throttled" | "neither"; event "opened" | "closed"
 *   lose(call, streamed)              in the place of leave, of one whom another was quicker than: "neither", and where
 * it took longer than usual, that counts as how long its answer, or of a stream the first content, takes there at least
 *   figures() -> table                bindings/health_figures.c
 *   unhealthy(bool)                   what active checks have found
 *   credential_*                      bindings/health_credentials.c */

static const char *const reasons[] = {NULL, "open", "unhealthy", "busy", "throttled"};

static int push_until(lua_State *L, uint64_t until, uint64_t now) {
  if (until <= now) return 1;
  lua_pushnumber(L, (lua_Number)(until - now));
  return 2;
}

static int cell_model(lua_State *L) {
  struct cell *target = bind_cell(L, 1)->target;
  struct slice name = bind_slice(L, 2);
  bool guess = lua_toboolean(L, 3);
  lua_settop(L, 2);
  for (struct cell *model = target->models; model; model = model->next) {
    if (slice_equal(slice_text(model->label), name)) return bind_cell_push(L, model), 1;
  }
  struct health *health = target->place.health.health;
  struct health_cell *own = health_find_model(health, target->place.health.target, name, guess, target->place.worker);
  if (own == target->place.health.target) return bind_cell_push(L, target), 1;
  struct cell *model = bind_cell_new(L, target->book, name);
  model->place = target->place;
  model->place.health.cell = own;
  model->target = target;
  model->next = target->models;
  target->models = model;
  return 1;
}

static int cell_models(lua_State *L) {
  const struct health_place *place = &bind_cell(L, 1)->place.health;
  lua_Number mark = (lua_Number)health_models_mark(place->health, place->target);
  if (lua_isnumber(L, 2) && lua_tonumber(L, 2) == mark) return 0;
  struct health_name name;
  lua_newtable(L);
  for (unsigned i = 0; i < HEALTH_MODELS_MAX; i++) {
    if (!health_model_name(place->health, place->target, i, &name)) continue;
    bind_push_slice(L, slice_make(name.text, name.len));
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
  }
  lua_pushnumber(L, mark);
  return 2;
}

static int cell_look(lua_State *L) {
  const struct cell *cell = bind_cell(L, 1);
  uint64_t until, now = bind_health_now(L);
  enum health_answer answer = health_look(&cell->place.health, now, &until);
  if (answer == HEALTH_YES) return 0;
  lua_pushstring(L, reasons[answer]);
  return push_until(L, until, now);
}

/* ---- in and out ---- */

/* The stays of the call at 2; where there are no calls (specs) the book's. */
static struct stay **stays_of(lua_State *L, const struct cell *cell, struct call **call) {
  *call = NULL;
  if (cell->book->own && !lua_isuserdata(L, 2)) return &cell->book->loose;
  *call = bind_call(L, 2);
  return &(*call)->stays;
}

static int push_entered(lua_State *L, struct stay *stay) {
  stay->sender = task_running(L);
  lua_pushboolean(L, 1);
  if (stay->pass.state != BREAKER_HALF_OPEN) return 1;
  lua_pushliteral(L, "half-open");
  if (!stay->pass.half_opened) return 2;
  lua_pushliteral(L, "half-open");
  return 3;
}

static int push_reason(lua_State *L, enum health_answer answer) {
  lua_pushnil(L);
  lua_pushstring(L, reasons[answer]);
  return 2;
}

/* Pushes why whoever does not want to wait is not let in; 0 when there is nothing to wait for. */
static int push_slow(lua_State *L, const struct cell *cell, uint64_t now) {
  uint64_t until;
  enum health_answer answer = health_look(&cell->place.health, now, &until);
  if (answer != HEALTH_BUSY && answer != HEALTH_HELD) return 0;
  push_reason(L, answer);
  return 1 + push_until(L, until, now);
}

static int push_refused(lua_State *L, const struct cell *cell, enum health_answer answer, uint64_t now) {
  uint64_t until = 0;
  if (answer == HEALTH_OPEN) health_look(&cell->place.health, now, &until);
  lua_pushnil(L);
  lua_pushstring(L, answer == HEALTH_BUSY ? "saturated" : reasons[answer]);
  return 1 + push_until(L, until, now);
}

/* ---- waiting for a slot ---- */

struct enter_wait {
  struct queue_waiter waiter;
  const struct cell *cell;
};

static int wait_results(lua_State *L, void *operation) {
  struct enter_wait *wait = operation;
  struct queue_waiter *waiter = &wait->waiter;
  if (waiter->answer == HEALTH_YES) return push_entered(L, waiter->stay);
  return push_refused(L, wait->cell, waiter->answer, bind_health_now(L));
}

/* It may have been let in a moment ago, by a call that goes on: one of several that were asked for it is given up. */
static void wait_abort(void *operation) {
  struct queue_waiter *waiter = &((struct enter_wait *)operation)->waiter;
  struct stay **stays = &waiter->call->stays;
  queue_quit(waiter);
  if (!waiter->stay || stay_find(*stays, waiter->place) != waiter->stay) return;
  stay_leave(waiter->stay, stays, HEALTH_NEITHER, -1, loop_now(&waiter->call->worker->loop));
}

static int enter_wait(lua_State *L, const struct cell *cell, struct call *call) {
  struct task *task = task_check(L);
  struct enter_wait *wait = arena_alloc(exchange_arena(call->exchange), sizeof *wait);
  wait->cell = cell;
  wait->waiter.call = call;
  wait->waiter.place = &cell->place;
  wait->waiter.task = task;
  wait->waiter.number = task_wait(L, wait, wait_results, wait_abort);
  if (!queue_join(&call->worker->queue, &wait->waiter)) task_wake(task, wait->waiter.number);
  return lua_yield(L, 0);
}

int bind_cell_enter(lua_State *L) {
  const struct cell *cell = bind_cell(L, 1);
  struct call *call;
  struct stay **stays = stays_of(L, cell, &call), *stay;
  uint64_t now = bind_health_now(L);
  bool soon = lua_toboolean(L, 3);
  int slow = soon ? push_slow(L, cell, now) : 0;
  if (slow > 0) return slow;
  enum health_answer answer = stay_enter(call, stays, &cell->place, now, &stay);
  if (answer == HEALTH_YES) return push_entered(L, stay);
  if (answer == HEALTH_BUSY && soon) return push_reason(L, answer); /* another process has taken the slot since */
  if (answer == HEALTH_BUSY && call) return enter_wait(L, cell, call);
  return push_refused(L, cell, answer, now);
}

int bind_cell_leave(lua_State *L) {
  static const char *const verdicts[] = {"ok", "failure", "throttled", "neither", NULL};
  static const char *const events[] = {NULL, "opened", "closed"};
  const struct cell *cell = bind_cell(L, 1);
  struct call *call;
  struct stay **stays = stays_of(L, cell, &call), *stay = stay_find(*stays, &cell->place);
  enum health_verdict verdict = (enum health_verdict)luaL_checkoption(L, 3, NULL, verdicts);
  if (!stay) return luaL_error(L, "this call has not entered there");
  enum breaker_change change = stay_leave(stay, stays, verdict, luaL_optnumber(L, 4, -1), bind_health_now(L));
  if (change == BREAKER_SAME) return 0;
  lua_pushstring(L, events[change]);
  return 1;
}

static int cell_lose(lua_State *L) {
  const struct cell *cell = bind_cell(L, 1);
  struct call *call;
  struct stay **stays = stays_of(L, cell, &call), *stay = stay_find(*stays, &cell->place);
  if (!stay) return luaL_error(L, "this call has not entered there");
  stay_lose(stay, stays, lua_toboolean(L, 3), bind_health_now(L));
  return 0;
}

static int cell_unhealthy(lua_State *L) {
  luaL_checktype(L, 2, LUA_TBOOLEAN);
  atomic_store(&bind_cell(L, 1)->place.health.target->unhealthy, lua_toboolean(L, 2));
  return 0;
}

/* ---- credentials ---- */

/* From 1 on, as Lua counts. */
static unsigned credential_index(lua_State *L) {
  lua_Integer index = luaL_checkinteger(L, 2);
  luaL_argcheck(L, index >= 1 && index <= HEALTH_CREDENTIALS_MAX, 2, "1 to 32 credentials");
  return (unsigned)index - 1;
}

static struct health_credentials *credentials_of(lua_State *L) {
  return &bind_cell(L, 1)->place.health.target->credentials;
}

static const char *const credential_states[] = {NULL, "disabled", "throttled"};

/* credential_state(i) -> nothing | "disabled" | "throttled", ms */
static int cell_credential_state(lua_State *L) {
  uint64_t until, now = bind_health_now(L);
  enum health_credential state = health_credential_read(credentials_of(L), credential_index(L), now, &until);
  if (state == CREDENTIAL_USABLE) return 0;
  lua_pushstring(L, credential_states[state]);
  return push_until(L, until, now);
}

/* credential_set(i, nil | "disabled" | "throttled", ms) -> what it was until now, as credential_state says it */
static int cell_credential_set(lua_State *L) {
  static const char *const names[] = {"disabled", "throttled", NULL};
  bool clear = lua_isnoneornil(L, 3);
  enum health_credential state =
      clear ? CREDENTIAL_USABLE : (enum health_credential)(luaL_checkoption(L, 3, NULL, names) + 1);
  lua_Number ms = clear ? 0 : luaL_checknumber(L, 4);
  luaL_argcheck(L, ms >= 0 && ms < 1e12, 4, "milliseconds wanted");
  uint64_t until = bind_health_now(L) + (uint64_t)ms;
  lua_pushstring(L, credential_states[health_credential_set(credentials_of(L), credential_index(L), state, until)]);
  return 1;
}

/* credential_next(count) -> index: see shared/health_credentials.h */
static int cell_credential_next(lua_State *L) {
  unsigned count = credential_index(L) + 1;
  lua_pushinteger(L, (lua_Integer)health_credential_next(credentials_of(L), count, bind_health_now(L)) + 1);
  return 1;
}

const luaL_Reg bind_cell_methods[] = {{"model", cell_model},
                                      {"models", cell_models},
                                      {"look", cell_look},
                                      {"enter", bind_cell_enter},
                                      {"leave", bind_cell_leave},
                                      {"lose", cell_lose},
                                      {"figures", bind_cell_figures},
                                      {"unhealthy", cell_unhealthy},
                                      {"credential_state", cell_credential_state},
                                      {"credential_set", cell_credential_set},
                                      {"credential_next", cell_credential_next},
                                      {NULL, NULL}};
