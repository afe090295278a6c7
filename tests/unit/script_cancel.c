// SPDX-License-Identifier: Apache-2.0
/* Tasks that end before their script does. */
#include "script_operation.h"

/* ---- cancelling ---- */

static void a_task_cancelled_before_its_first_run_never_runs(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "note('ran')");
  task_cancel(outcome.task);
  turn();
  assert_int_equal(outcome.calls, 0);
  assert_string_equal(outcome.traceback, "");
  assert_int_equal(vm_tasks(vm), 0);
}

static void a_waiting_task_aborts_its_operation(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "pcall(wait) note('went on')");
  turn();
  task_cancel(outcome.task);
  assert_int_equal(operations[0].aborts, 1);
  assert_int_equal(operations[0].results, 0);
  turn();
  assert_int_equal(outcome.calls, 0);
  assert_string_equal(outcome.traceback, "");
}

static void a_task_cancelled_between_wake_and_run_aborts_its_operation(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "wait() note('went on')");
  turn();
  finish(&operations[0], 1);
  task_cancel(outcome.task);
  turn();
  assert_int_equal(operations[0].aborts, 1);
  assert_int_equal(operations[0].results, 0);
  assert_string_equal(outcome.traceback, "");
}

static void a_running_task_is_dropped_when_it_ends(void **state) {
  (void)state;
  static const char *const texts[] = {"cancel_self() return 1", "cancel_self() error('x')",
                                      "cancel_self() while true do end"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct outcome outcome;
    start(&outcome, texts[i]);
    turn();
    assert_int_equal(outcome.calls, 0);
    assert_int_equal(vm_tasks(vm), 0);
    assert_int_equal(lua_gettop(vm_state(vm)), 0);
  }
}

static void a_running_task_is_dropped_when_it_waits(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "cancel_self() wait() note('went on')");
  turn();
  assert_int_equal(operations[0].aborts, 1);
  assert_int_equal(outcome.calls, 0);
  assert_string_equal(outcome.traceback, "");
}

static void closing_the_vm_cancels_what_is_open(void **state) {
  (void)state;
  struct outcome outcomes[3];
  start(&outcomes[0], "wait()");
  turn();
  start(&outcomes[1], "wait()");
  vm_close(vm);
  assert_int_equal(operations[0].aborts, 1);
  assert_int_equal(outcomes[0].calls + outcomes[1].calls, 0);
  vm = play_vm(&play, 64 * MIB, budget);
}

/* ---- generations ---- */

static void close_when_idle(struct vm *idle, void *owner) {
  ++*(int *)owner;
  vm_close(idle);
}

static void a_retired_vm_is_closed_when_its_last_task_ends(void **state) {
  (void)state;
  struct vm *old = play_vm(&play, 8 * MIB, budget);
  struct outcome outcomes[2] = {{0}};
  for (int i = 0; i < 2; i++) {
    push_function(old, "wait() error('late')");
    outcomes[i].task = task_start(old, &loop, vm_state(old), 0, on_done, &outcomes[i]);
  }
  int closed = 0;
  vm_on_idle(old, close_when_idle, &closed);
  turn();
  struct outcome young;
  start(&young, "note('new')");
  finish(&operations[0], 0);
  turn();
  assert_int_equal(closed, 0);
  task_cancel(outcomes[1].task);
  assert_int_equal(closed, 1);
  assert_string_equal(outcomes[0].error.message, "x.lua:1: late");
  assert_string_equal(young.traceback, "new");
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(a_task_cancelled_before_its_first_run_never_runs),
      TEST(a_waiting_task_aborts_its_operation),
      TEST(a_task_cancelled_between_wake_and_run_aborts_its_operation),
      TEST(a_running_task_is_dropped_when_it_ends),
      TEST(a_running_task_is_dropped_when_it_waits),
      TEST(closing_the_vm_cancels_what_is_open),
      TEST(a_retired_vm_is_closed_when_its_last_task_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
