// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "script/brood.h"
#include "script_operation.h"

/* Tasks that a task has started. */

static struct brood brood;
static int failures;
static char failure[256];
static struct task *ended_by_failure; /* the parent, as the owner of a brood ends it */

static void on_failed(void *owner, struct task *child, const struct error *error) {
  assert_string_equal(owner, "owner");
  assert_non_null(task_traceback(child));
  failures++;
  snprintf(failure, sizeof failure, "%s", error->message);
  brood_close(&brood);
  if (ended_by_failure) task_cancel(ended_by_failure);
}

static int door_begin(lua_State *L) {
  lua_pushinteger(L, brood_start(&brood, L, lua_gettop(L) - 1) + 1);
  return 1;
}

static int door_await(lua_State *L) {
  return brood_await(&brood, L, luaL_optnumber(L, 1, -1));
}

static int door_keep(lua_State *L) {
  for (unsigned i = 0; i < brood.count; i++) {
    if (i + 1 != (unsigned)luaL_checkinteger(L, 1)) brood_cancel(&brood, i);
  }
  return 0;
}

static int door_owner(lua_State *L) {
  lua_pushstring(L, brood_owner_of(task_running(L)));
  return 1;
}

static void parent_start(struct outcome *outcome, const char *text) {
  static const luaL_Reg doors[] = {
      {"begin", door_begin}, {"await", door_await}, {"keep", door_keep}, {"owner", door_owner}, {NULL, NULL}};
  *outcome = (struct outcome){0};
  failures = 0;
  ended_by_failure = NULL;
  brood_open(&brood, &loop, on_failed, (void *)(uintptr_t) "owner");
  push_function(vm, text);
  lua_State *L = vm_state(vm);
  lua_getfenv(L, -1);
  luaL_setfuncs(L, doors, 0);
  lua_pop(L, 1);
  outcome->task = task_start(vm, &loop, L, 0, on_done, outcome);
}

static void turns(int count) {
  while (count-- > 0) turn();
}

static void all_over(const struct outcome *outcome, const char *note) {
  assert_int_equal(outcome->calls, 1);
  assert_false(outcome->failed);
  assert_string_equal(outcome->traceback, note);
  assert_int_equal(vm_tasks(vm), 0);
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}

static void whoever_ends_first_wakes_the_parent(void **state) {
  (void)state;
  struct outcome outcome;
  parent_start(&outcome,
               "local seen = {}\n"
               "local function child(name) seen[name] = wait() end\n"
               "begin(child, 'a') begin(child, 'b')\n"
               "local first = await() local second = await()\n"
               "note(first .. second .. seen.a .. seen.b)");
  turns(2);
  assert_int_equal(operation_count, 2);
  assert_int_equal(vm_tasks(vm), 3);
  finish(&operations[1], 8);
  turns(2);
  assert_int_equal(outcome.calls, 0);
  finish(&operations[0], 7);
  turns(2);
  all_over(&outcome, "2178");
}

static void who_ended_before_is_told_at_once(void **state) {
  (void)state;
  struct outcome outcome;
  parent_start(&outcome,
               "begin(function() end) begin(function() end)\n"
               "wait() note(await() .. await() .. tostring((await(0))))");
  turns(2);
  finish(&operations[0], 0);
  usleep(40 * 1000);
  turns(4);
  usleep(40 * 1000);
  turns(4);
  all_over(&outcome, "12nil");
}

static void a_wait_ends_when_its_time_has_come(void **state) {
  (void)state;
  struct outcome outcome;
  parent_start(&outcome, "begin(function() wait() end) note(tostring((await(1))) .. await())");
  turns(2);
  usleep(60 * 1000);
  turns(3);
  assert_int_equal(outcome.calls, 0);
  finish(&operations[0], 0);
  turns(3);
  all_over(&outcome, "nil1");
}

static void one_is_kept_and_the_others_are_given_up(void **state) {
  (void)state;
  struct outcome outcome;
  parent_start(&outcome,
               "local said = ''\n"
               "begin(function() wait() said = said .. 'lost' end)\n"
               "begin(function() wait() keep(2) wait() said = said .. owner() end)\n"
               "local who = await() note(who .. said)");
  turns(2);
  finish(&operations[1], 0);
  turns(2);
  assert_int_equal(operations[0].aborts, 1);
  assert_int_equal(vm_tasks(vm), 2);
  finish(&operations[2], 0);
  turns(3);
  all_over(&outcome, "2owner");
}

static void a_cancelled_parent_takes_them_along(void **state) {
  (void)state;
  for (int turned = 0; turned < 3; turned++) {
    struct outcome outcome;
    operation_count = 0;
    memset(operations, 0, sizeof operations);
    parent_start(&outcome, "begin(function() wait() end) begin(function() wait() end) await() note('went on')");
    turns(turned);
    task_cancel(outcome.task);
    brood_close(&brood);
    turns(2);
    assert_int_equal(outcome.calls, 0);
    assert_string_equal(outcome.traceback, "");
    assert_int_equal(vm_tasks(vm), 0);
    for (int i = 0; i < operation_count; i++) assert_int_equal(operations[i].aborts, 1);
  }
}

static void one_that_fails_is_its_owners_to_tell(void **state) {
  (void)state;
  struct outcome outcome;
  parent_start(&outcome, "begin(function() wait() error('broken', 0) end) begin(function() wait() end) await()");
  ended_by_failure = outcome.task;
  turns(2);
  finish(&operations[0], 0);
  turns(3);
  assert_int_equal(failures, 1);
  assert_string_equal(failure, "broken");
  assert_int_equal(operations[1].aborts, 1);
  assert_int_equal(outcome.calls, 0);
  assert_int_equal(vm_tasks(vm), 0);
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}

static void there_are_only_so_many(void **state) {
  (void)state;
  struct outcome outcome;
  parent_start(&outcome,
               "local numbers = ''\n"
               "for i = 1, 6 do numbers = numbers .. begin(function() end) end\n"
               "for i = 1, 4 do await() end note(numbers)");
  turns(4);
  all_over(&outcome, "123400");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(whoever_ends_first_wakes_the_parent, set_up, tear_down),
      cmocka_unit_test_setup_teardown(who_ended_before_is_told_at_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_wait_ends_when_its_time_has_come, set_up, tear_down),
      cmocka_unit_test_setup_teardown(one_is_kept_and_the_others_are_given_up, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_cancelled_parent_takes_them_along, set_up, tear_down),
      cmocka_unit_test_setup_teardown(one_that_fails_is_its_owners_to_tell, set_up, tear_down),
      cmocka_unit_test_setup_teardown(there_are_only_so_many, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
