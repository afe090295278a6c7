// SPDX-License-Identifier: Apache-2.0
#include "script/task.h"
#include "script_operation.h"

/* ---- running and waiting ---- */

static void a_task_runs_later_with_its_arguments(void **state) {
  (void)state;
  struct outcome outcome = {0};
  push_function(vm, "local a, b = ... note(a .. b)");
  lua_pushliteral(vm_state(vm), "one ");
  lua_pushliteral(vm_state(vm), "two");
  outcome.task = task_start(vm, &loop, vm_state(vm), 2, on_done, &outcome);
  assert_int_equal(outcome.calls, 0);
  assert_int_equal(vm_tasks(vm), 1);
  turn();
  assert_int_equal(outcome.calls, 1);
  assert_false(outcome.failed);
  assert_string_equal(outcome.traceback, "one two");
  assert_int_equal(vm_tasks(vm), 0);
}

/* What one task has left on its coroutine, locals or results, is not the next one's. */
static void a_task_finds_nothing_of_those_before_it(void **state) {
  (void)state;
  static const char *const texts[] = {
      "local function down(n) if n > 0 then return 1 + down(n - 1) end return 0 end\n"
      "local a = down(100) local b = instant() note(a .. ':' .. b) return {}, a, b",
      "error 'no'", "local a, b note(select('#', ...) .. tostring(a) .. tostring(b)) return 1, 2, 3"};
  for (int i = 0; i < 30; i++) {
    struct outcome outcome;
    operation_count = 0;
    start(&outcome, texts[i % 3]);
    for (int turns = 0; turns < 3; turns++) turn();
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.failed, i % 3 == 1);
    if (i % 3 != 1) assert_string_equal(outcome.traceback, i % 3 == 0 ? "100:7" : "0nilnil");
  }
}

static void tasks_that_wait_keep_what_is_theirs(void **state) {
  (void)state;
  enum { MANY = 6 };
  for (int round = 0; round < 20; round++) {
    struct outcome outcomes[MANY];
    operation_count = 0;
    for (int i = 0; i < MANY; i++) start(&outcomes[i], "local mine = tostring({}) local a = wait() note(a .. mine)");
    turn();
    task_cancel(outcomes[0].task);
    for (int i = MANY - 1; i > 0; i--) finish(&operations[i], i);
    turn();
    for (int i = 1; i < MANY; i++) assert_int_equal(outcomes[i].traceback[0], '0' + i);
    assert_int_equal(outcomes[0].calls, 0);
  }
}

static void a_wait_returns_the_operations_results(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "local a, b = wait() local c = wait() note(a .. b .. c)");
  turn();
  assert_int_equal(operation_count, 1);
  finish(&operations[0], 1);
  assert_int_equal(operations[0].results, 0);
  turn();
  finish(&operations[1], 2);
  turn();
  assert_string_equal(outcome.traceback, "1second2");
  assert_int_equal(outcome.calls, 1);
  assert_int_equal(operations[0].results + operations[1].results, 2);
  assert_int_equal(operations[0].aborts + operations[1].aborts, 0);
}

static void a_wait_may_be_over_before_it_yields(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "note('got ' .. instant() + instant())");
  turn();
  assert_string_equal(outcome.traceback, "got 14");
}

static void a_wait_inside_pcall_and_guard_works(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome,
        "local ok, a = pcall(wait) local fine, b = guard(function() return wait() end)\n"
        "local _, c = xpcall(wait, error) note(tostring(ok and fine) .. a .. b .. c)");
  turn();
  for (int i = 0; i < 3; i++) {
    finish(&operations[i], i);
    turn();
  }
  assert_string_equal(outcome.traceback, "true012");
}

static void a_late_or_repeated_wake_is_ignored(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "wait() local b = wait() note('b ' .. b)");
  turn();
  finish(&operations[0], 1);
  finish(&operations[0], 1);
  turn();
  assert_int_equal(operation_count, 2);
  finish(&operations[0], 5);
  task_wake(operations[1].task, operations[1].number + 1);
  turn();
  assert_int_equal(outcome.calls, 0);
  finish(&operations[1], 2);
  turn();
  assert_string_equal(outcome.traceback, "b 2");
  assert_int_equal(operations[0].results, 1);
}

static void many_tasks_interleave(void **state) {
  (void)state;
  struct outcome outcomes[8];
  for (int i = 0; i < 8; i++) start(&outcomes[i], "note('value ' .. wait())");
  turn();
  assert_int_equal(vm_tasks(vm), 8);
  for (int i = 7; i >= 0; i--) finish(&operations[i], i);
  turn();
  for (int i = 0; i < 8; i++) {
    char expected[16];
    snprintf(expected, sizeof expected, "value %d", i);
    assert_string_equal(outcomes[i].traceback, expected);
  }
  assert_int_equal(vm_tasks(vm), 0);
}

/* ---- waiting for its turn ---- */

static int gone_count;

static void on_gone(void *owner) {
  ((struct outcome *)owner)->task = NULL;
  gone_count++;
}

static void prepare(struct outcome *outcome, const char *text) {
  *outcome = (struct outcome){0};
  push_function(vm, text);
  outcome->task = task_prepare(vm, &loop, vm_state(vm), 0);
  task_own(outcome->task, outcome, on_done, on_gone);
}

static void a_prepared_task_runs_when_it_is_begun(void **state) {
  (void)state;
  struct outcome outcome;
  prepare(&outcome, "note('began') wait()");
  turn();
  assert_string_equal(outcome.traceback, "");
  assert_int_equal(vm_tasks(vm), 1);
  assert_true(task_is(outcome.task, on_done));
  task_begin(outcome.task);
  assert_string_equal(outcome.traceback, "began");
  finish(&operations[0], 1);
  turn();
  assert_int_equal(outcome.calls, 1);
  assert_int_equal(vm_tasks(vm), 0);
}

static void the_owner_of_a_cancelled_task_is_told(void **state) {
  (void)state;
  struct outcome waiting;
  static struct outcome unbegun; /* told once more when the test is over */
  gone_count = 0;
  prepare(&waiting, "wait()");
  prepare(&unbegun, "note('never')");
  task_begin(waiting.task);
  task_cancel(waiting.task);
  task_cancel(unbegun.task);
  assert_int_equal(gone_count, 2);
  assert_int_equal(waiting.calls + unbegun.calls, 0);
  assert_int_equal(operations[0].aborts, 1);
  prepare(&unbegun, "note('never')"); /* the VM's end cancels it */
}

/* ---- failing ---- */

static void errors_come_with_their_place(void **state) {
  (void)state;
  fails("error('boom')", "script_error", "x.lua:1: boom");
  fails("\nlocal t = nil t.x = 1", "script_error", "x.lua:2: attempt to index local 't' (a nil value)");
  fails("error({ message = 'told', status = 429 })", "script_error", "told");
  fails("error(nil)", "script_error", "an error without a message");
  fails("error(setmetatable({}, { __index = function() error('never') end }))", "script_error",
        "an error without a message");
  fails("error('one\\ntwo')", "script_error", "x.lua:1: one");
  assert_int_equal(vm_tasks(vm), 0);
}

static void the_traceback_is_the_dead_coroutines(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "local function inner()\n  error('deep')\nend\nlocal function outer()\n  inner()\nend\nouter()");
  turn();
  assert_string_equal(outcome.error.message, "x.lua:2: deep");
  assert_non_null(strstr(outcome.traceback, "x.lua:2: deep\nstack traceback:"));
  assert_non_null(strstr(outcome.traceback, "in function 'inner'"));
  assert_non_null(strstr(outcome.traceback, "x.lua:5: in function 'outer'"));
}

static void runaway_tasks_are_stopped(void **state) {
  (void)state;
  char message[128];
  snprintf(message, sizeof message, "x.lua:1: script ran longer than %d ms of CPU", LIMIT_MS);
  fails("while true do end", "script_cpu_limit", message);
  fails("while true do pcall(function() while true do end end) end", "script_cpu_limit", message);
}

static void each_run_between_waits_has_its_own_count(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "for i = 1, 5 do for j = 1, 1e5 do end wait() end note('through')");
  for (int i = 0; i < 6; i++) {
    turn();
    if (i < 5) finish(&operations[i], 0);
  }
  assert_string_equal(outcome.traceback, "through");
}

static void a_memory_bomb_fails_its_task_alone(void **state) {
  (void)state;
  struct outcome quiet;
  vm_close(vm);
  vm = play_vm(&play, 6 * MIB, budget);
  for (int i = 0; i < 5; i++) {
    operation_count = 0;
    start(&quiet, "local kept = ('k'):rep(1e5) wait() note('kept ' .. #kept + #(('x'):rep(1e6) .. 'y'))");
    turn();
    fails("local s, t = ('x'):rep(1e6), {} while true do t[#t + 1] = s .. #t end", "script_memory_limit",
          "not enough memory");
    finish(&operations[0], 0);
    turn();
    assert_int_equal(quiet.calls, 1);
    assert_string_equal(quiet.traceback, "kept 1100001");
    assert_true(vm_memory(vm) < 5 * MIB);
  }
}

static void what_a_failed_task_held_is_gone_with_it(void **state) {
  (void)state;
  struct outcome outcome;
  vm_close(vm);
  vm = play_vm(&play, 8 * MIB, budget);
  start(&outcome, "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end");
  turn();
  assert_string_equal(outcome.error.code, "script_memory_limit");
  assert_true(vm_memory(vm) < 2 * MIB);
}

static void results_that_raise_fail_the_task(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "pcall(wait)");
  turn();
  operations[0].raises = true;
  finish(&operations[0], 0);
  turn();
  assert_true(outcome.failed);
  assert_string_equal(outcome.error.message, "no results");
  assert_int_equal(operations[0].aborts, 0);
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}

static void a_binding_that_yields_without_a_wait_is_caught(void **state) {
  (void)state;
  fails("raw_yield()", "script_error", "a binding yielded without a wait");
  fails("raw_yield(1, 2, 3)", "script_error", "a binding yielded without a wait");
  fails("pcall(raw_yield)", "script_error", "a binding yielded without a wait");
}

static void a_wait_left_behind_is_aborted(void **state) {
  (void)state;
  struct outcome outcome;
  start(&outcome, "forget() note('done')");
  turn();
  assert_string_equal(outcome.traceback, "done");
  assert_int_equal(operations[0].aborts, 1);
}

static void waiting_where_it_is_impossible_raises(void **state) {
  (void)state;
  struct error error;
  fails("('x'):gsub('x', function() wait() end)", "script_error", "x.lua:1: cannot wait here");
  fails("table.sort({ 1, 2 }, function() wait() end)", "script_error", "x.lua:1: cannot wait here");
  push_function(vm, "wait()");
  assert_int_equal(vm_call(vm, 0, 0, &error), -1);
  assert_string_equal(error.message, "x.lua:1: cannot wait here");
  assert_int_equal(operation_count, 0);
  assert_null(task_of(vm_state(vm)));
}

/* ---- cost ---- */

static void count_done(struct task *task, void *owner, const struct error *error) {
  (void)task;
  assert_null(error);
  ++*(int *)owner;
}

static void a_trivial_task_is_cheap(void **state) {
  (void)state;
  enum { ROUNDS = 100000, BATCH = 100 };
  lua_State *L = vm_state(vm);
  push_function(vm, "return 1");
  int count = 0, place = luaL_ref(L, LUA_REGISTRYINDEX);
  double before = cpu_ms();
  for (int i = 0; i < ROUNDS / BATCH; i++) {
    for (int j = 0; j < BATCH; j++) {
      lua_rawgeti(L, LUA_REGISTRYINDEX, place);
      task_start(vm, &loop, L, 0, count_done, &count);
    }
    turn();
    vm_idle(vm);
  }
  double nanoseconds = (cpu_ms() - before) * 1e6 / ROUNDS;
  print_message("start, run and end of a task: %.0f ns\n", nanoseconds);
  assert_int_equal(count, ROUNDS);
  assert_true(nanoseconds < 2000 * SLOWNESS); /* some 300 on a quiet machine */
  assert_true(vm_memory(vm) < 4 * MIB);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(a_task_runs_later_with_its_arguments),
      TEST(a_task_finds_nothing_of_those_before_it),
      TEST(tasks_that_wait_keep_what_is_theirs),
      TEST(a_wait_returns_the_operations_results),
      TEST(a_wait_may_be_over_before_it_yields),
      TEST(a_wait_inside_pcall_and_guard_works),
      TEST(a_late_or_repeated_wake_is_ignored),
      TEST(many_tasks_interleave),
      TEST(a_prepared_task_runs_when_it_is_begun),
      TEST(the_owner_of_a_cancelled_task_is_told),
      TEST(errors_come_with_their_place),
      TEST(the_traceback_is_the_dead_coroutines),
      TEST(runaway_tasks_are_stopped),
      TEST(each_run_between_waits_has_its_own_count),
      TEST(a_memory_bomb_fails_its_task_alone),
      TEST(what_a_failed_task_held_is_gone_with_it),
      TEST(results_that_raise_fail_the_task),
      TEST(a_binding_that_yields_without_a_wait_is_caught),
      TEST(a_wait_left_behind_is_aborted),
      TEST(waiting_where_it_is_impossible_raises),
      TEST(a_trivial_task_is_cheap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
