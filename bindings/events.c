// SPDX-License-Identifier: Apache-2.0
#include "events/events.h"

#include "bindings/bind.h"
#include "process/background.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.events: what has happened, and who wants to know (runtime/events/events.h). For scripts:
 *   subjects(pattern) -> names     those it means: a name, or the beginning of some and '*'
 * For the hallway also:
 *   wanted(subject) -> boolean     false where nothing is served
 *   emit(subject [, fields])       fields: strings, numbers and booleans
 *   listen(plans, deliver) -> true | false     plans: { key =, subjects = {...}, batch =, every_ms = } each; while this
 *       VM's generation serves, deliver(listener, key) runs for each turn, as work that was put off. False where
 *       nothing is served, or when there are too many.
 * In a turn:
 *   batch(listener) -> JSON array, id, attempt, count | nothing
 *   settle(listener, delivered)
 *   rest(listener, wait_ms)        the turn is over */

void bind_events(lua_State *L);

static struct events *events_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  return worker ? worker->events : NULL;
}

static enum event_subject subject_check(lua_State *L, int index) {
  enum event_subject subject;
  struct slice name = bind_slice(L, index);
  if (!event_subject_parse(name, &subject)) luaL_error(L, "there is no event \"%s\"", name.ptr);
  return subject;
}

static int events_subjects(lua_State *L) {
  struct slice pattern = bind_slice(L, 1);
  int count = 0;
  lua_newtable(L);
  for (unsigned i = 0; i < EVENT_SUBJECTS; i++) {
    enum event_subject subject = (enum event_subject)i;
    if (!event_subject_matches(subject, pattern)) continue;
    bind_push_slice(L, slice_text(event_subject_name(subject)));
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

static int events_is_wanted(lua_State *L) {
  enum event_subject subject = subject_check(L, 1);
  const struct events *events = events_of(L);
  lua_pushboolean(L, events && events_wanted(events, subject));
  return 1;
}

/* ---- telling ---- */

/* The value of one field is on top, its name below. `line` null: only looks. */
static void field_write(lua_State *L, struct log_line *line) {
  if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "the names of an event's fields are strings");
  const char *key = lua_tostring(L, -2);
  switch (lua_type(L, -1)) {
    case LUA_TSTRING:
      if (line) log_line_text(line, key, bind_slice(L, -1));
      break;
    case LUA_TNUMBER:
      if (line) log_line_number(line, key, lua_tonumber(L, -1));
      break;
    case LUA_TBOOLEAN:
      if (line) log_line_raw(line, key, lua_toboolean(L, -1) ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
      break;
    default:
      luaL_error(L, "an event's %s is a %s; strings, numbers and booleans can be told", key, luaL_typename(L, -1));
  }
}

static void fields_write(lua_State *L, struct log_line *line) {
  if (!lua_istable(L, 2)) return;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) field_write(L, line);
}

static int events_emit(lua_State *L) {
  enum event_subject subject = subject_check(L, 1);
  struct events *events = events_of(L);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  fields_write(L, NULL); /* a bad field raises before anything is told */
  if (!events) return 0;
  if (!events_wanted(events, subject)) return events_count(events, subject), 0;
  fields_write(L, events_begin(events, subject));
  events_end(events, subject);
  return 0;
}

/* ---- listening ---- */

static void turn_over(void *owner, unsigned listener) {
  const struct worker *worker = owner;
  events_turn_over(worker->events, listener);
}

static bool turn_begin(struct generation *generation, unsigned listener, const char *key) {
  lua_State *L = vm_state(generation->vm);
  lua_rawgeti(L, LUA_REGISTRYINDEX, generation->deliver_place);
  lua_pushinteger(L, (lua_Integer)listener);
  bind_push_slice(L, slice_text(key));
  struct worker *worker = generation->worker;
  struct background_end end = {.call = turn_over, .owner = worker, .number = listener};
  if (background_add_told(&worker->background, L, 2, end)) return true;
  lua_pop(L, 3);
  return false;
}

static unsigned number_member(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  lua_Number value = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return value > 0 && value < 1e9 ? (unsigned)value : 0;
}

/* Of the plan on top. */
static uint32_t subjects_member(lua_State *L) {
  uint32_t set = 0;
  lua_getfield(L, -1, "subjects");
  luaL_checktype(L, -1, LUA_TTABLE);
  for (int i = 1; i <= (int)lua_objlen(L, -1); i++) {
    lua_rawgeti(L, -1, i);
    set |= 1U << subject_check(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return set;
}

static bool plan_add(lua_State *L, struct generation *generation) {
  struct event_plan plan = {
      .subjects = subjects_member(L), .batch = number_member(L, "batch"), .every_ms = number_member(L, "every_ms")};
  lua_getfield(L, -1, "key");
  bool added = event_plans_add(&generation->listeners, bind_slice(L, -1), &plan);
  lua_pop(L, 1);
  return added;
}

static int events_listen(lua_State *L) {
  struct generation *generation = vm_generation(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  bool taken = generation != NULL && !generation->deliver;
  for (int i = 1; taken && i <= (int)lua_objlen(L, 1); i++) {
    lua_rawgeti(L, 1, i);
    taken = plan_add(L, generation);
    lua_pop(L, 1);
  }
  if (taken) {
    generation->deliver_place = luaL_ref(L, LUA_REGISTRYINDEX);
    generation->deliver = turn_begin;
  }
  lua_pushboolean(L, taken);
  return 1;
}

/* ---- turns ---- */

static int events_take_batch(lua_State *L) {
  struct events *events = events_of(L);
  unsigned listener = (unsigned)luaL_checkinteger(L, 1);
  struct event_batch batch;
  struct buffer *text = bind_buffer_new(L);
  if (!events || !events_batch(events, listener, text, &batch)) return 0;
  bind_push_slice(L, buffer_slice(text));
  bind_push_slice(L, slice_text(batch.id));
  lua_pushinteger(L, (lua_Integer)batch.attempt);
  lua_pushinteger(L, (lua_Integer)batch.count);
  return 4;
}

static int events_settle_batch(lua_State *L) {
  struct events *events = events_of(L);
  if (events) events_settle(events, (unsigned)luaL_checkinteger(L, 1), lua_toboolean(L, 2));
  return 0;
}

static int events_rest_turn(lua_State *L) {
  struct events *events = events_of(L);
  lua_Number wait = luaL_optnumber(L, 2, 0);
  if (events) events_rest(events, (unsigned)luaL_checkinteger(L, 1), wait > 0 ? (uint64_t)wait : 0);
  return 0;
}

void bind_events(lua_State *L) {
  static const luaL_Reg functions[] = {{"subjects", events_subjects}, {"wanted", events_is_wanted},
                                       {"emit", events_emit},         {"listen", events_listen},
                                       {"batch", events_take_batch},  {"settle", events_settle_batch},
                                       {"rest", events_rest_turn},    {NULL, NULL}};
  static const luaL_Reg for_scripts[] = {{"subjects", events_subjects}, {NULL, NULL}};
  bind_door_private(L, "events", functions);
  bind_door(L, "events", for_scripts);
}
