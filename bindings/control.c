// SPDX-License-Identifier: Apache-2.0
#include "bindings/control.h"

#include "bindings/bind.h"
#include "codec/json.h"
#include "process/wish.h"
#include "process/worker.h"
#include "script/task.h"

static struct generations *shared_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  if (!worker || !worker->desk.shared) luaL_error(L, "there are no generations here");
  return worker->desk.shared;
}

/* ---- tables ---- */

static void set_number(lua_State *L, const char *name, lua_Number value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *value) {
  bind_push_slice(L, slice_text(value));
  lua_setfield(L, -2, name);
}

static const char *state_name(const struct generation_slot *slot) {
  switch (atomic_load(&slot->state)) {
    case GENERATION_ACTIVE:
      return "active";
    case GENERATION_ROLLED_BACK:
      return "rolled_back";
    default:
      return "kept";
  }
}

static void push_generation(lua_State *L, const struct generation_slot *slot) {
  const struct generation_slot *active = generations_active(shared_of(L));
  lua_createtable(L, 0, 8);
  set_number(L, "number", (lua_Number)atomic_load(&slot->number));
  set_text(L, "id", slot->id);
  set_number(L, "activated_at", (lua_Number)slot->activated_ms / 1000);
  set_text(L, "state", state_name(slot));
  lua_pushboolean(L, slot == active);
  lua_setfield(L, -2, "active");
  if (slot->previous > 0) set_number(L, "previous", (lua_Number)slot->previous);
  if (slot->note[0]) set_text(L, "note", slot->note);
}

static int push_active(lua_State *L) {
  const struct generation_slot *active = generations_active(shared_of(L));
  if (!active) return 0;
  push_generation(L, active);
  return 1;
}

static int control_active(lua_State *L) {
  return push_active(L);
}

/* The slot with the greatest number below `limit`, or null. */
static const struct generation_slot *next_below(const struct generations *shared, uint64_t limit) {
  const struct generation_slot *best = NULL;
  uint64_t greatest = 0;
  for (int i = 0; i < GENERATION_SLOTS; i++) {
    uint64_t number = atomic_load(&shared->slots[i].number);
    if (number <= greatest || number >= limit) continue;
    greatest = number;
    best = &shared->slots[i];
  }
  return best;
}

static int control_generations(lua_State *L) {
  const struct generations *shared = shared_of(L);
  const struct generation_slot *slot = next_below(shared, UINT64_MAX);
  lua_newtable(L);
  for (int i = 1; slot && i <= GENERATION_SLOTS; i++) {
    uint64_t number = atomic_load(&slot->number);
    push_generation(L, slot);
    lua_rawseti(L, -2, i);
    slot = next_below(shared, number);
  }
  return 1;
}

/* ---- reports ---- */

static int control_report(lua_State *L) {
  struct buffer *text = bind_buffer_new(L);
  generations_report(shared_of(L), text);
  if (text->len == 0) return 0;
  bind_push_slice(L, buffer_slice(text));
  return 1;
}

static int control_rejected(lua_State *L) {
  struct buffer *text = bind_buffer_new(L);
  int64_t at_ms;
  if (!generations_rejected(shared_of(L), text, &at_ms)) return 0;
  lua_pushnumber(L, (lua_Number)at_ms / 1000);
  bind_push_slice(L, buffer_slice(text));
  return 2;
}

/* ---- statistics ---- */

static int control_stats(lua_State *L) {
  const struct worker *worker = vm_host(L);
  struct generations *shared = shared_of(L);
  struct script_sum *sums = lua_newuserdata(L, STATS_SCRIPTS_MAX * sizeof *sums);
  unsigned slot = generation_word_slot(atomic_load(&shared->active));
  unsigned count = generation_sums(shared, slot, worker->segment->worker_count, sums);
  lua_createtable(L, (int)count, 0);
  for (unsigned i = 0; i < count; i++) {
    lua_createtable(L, 0, 5);
    set_text(L, "kind", sums[i].kind);
    set_text(L, "name", sums[i].name);
    set_number(L, "count", (lua_Number)sums[i].count);
    set_number(L, "faults", (lua_Number)sums[i].faults);
    set_number(L, "p99_us", (lua_Number)sums[i].p99_us);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

/* ---- wishes ---- */

static void wish_abort(void *operation) {
  wish_free(operation);
}

static int push_reasons(lua_State *L) {
  struct buffer text = {0};
  static const struct json_step steps[] = {{SLICE_LITERAL("reasons"), -1}};
  struct slice reasons = SLICE_LITERAL("[]");
  int64_t at_ms;
  lua_pushnil(L);
  if (generations_rejected(shared_of(L), &text, &at_ms)) json_find(buffer_slice(&text), steps, 1, &reasons);
  bind_push_slice(L, reasons);
  buffer_free(&text);
  return 2;
}

static int reload_results(lua_State *L, void *operation) {
  struct wish *wish = operation;
  int outcome = wish->outcome;
  wish_free(wish);
  if (outcome == OUTCOME_ACTIVE) return push_active(L);
  if (outcome == OUTCOME_REFUSED) return push_reasons(L);
  lua_pushnil(L);
  lua_pushliteral(L, "[{\"file\":\"\",\"line\":0,\"message\":\"the gateway is shutting down\"}]");
  return 2;
}

/* A number that has been given up in the meantime is unknown, too. */
static int rollback_results(lua_State *L, void *operation) {
  struct wish *wish = operation;
  struct error why;
  int outcome = wish->outcome;
  error_set(&why, 0, NULL, "%s", wish->reason);
  wish_free(wish);
  if (outcome == WISH_GRANTED) return push_active(L);
  lua_pushnil(L);
  bind_push_slice(L, outcome == WISH_UNKNOWN ? SLICE_LITERAL("unknown") : SLICE_LITERAL("failed"));
  bind_push_slice(L, slice_text(why.message));
  return 3;
}

/* (call [, options]) */
static int control_reload(lua_State *L) {
  struct task *task = task_check(L);
  bool all_specs = false;
  shared_of(L);
  if (lua_istable(L, 2)) {
    lua_getfield(L, 2, "all_specs");
    all_specs = lua_toboolean(L, -1);
  }
  struct wish *wish = wish_reload(vm_host(L), all_specs);
  wish_wait(wish, task, task_wait(L, wish, reload_results, wish_abort));
  return lua_yield(L, 0);
}

/* (call, number) */
static int control_rollback(lua_State *L) {
  struct task *task = task_check(L);
  lua_Number number = luaL_checknumber(L, 2);
  shared_of(L);
  uint64_t wanted = number >= 1 && number < 9007199254740992.0 ? (uint64_t)number : 0;
  struct wish *wish = wish_rollback(vm_host(L), wanted);
  wish_wait(wish, task, task_wait(L, wish, rollback_results, wish_abort));
  return lua_yield(L, 0);
}

void bind_control(lua_State *L) {
  static const luaL_Reg functions[] = {{"reload", control_reload},
                                       {"rollback", control_rollback},
                                       {"generations", control_generations},
                                       {"active", control_active},
                                       {"report", control_report},
                                       {"rejected", control_rejected},
                                       {"stats", control_stats},
                                       {NULL, NULL}};
  bind_door_private(L, "control", functions);
}
