// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "script_operation.h"

/* Guards that tell how hooks did, and tasks that load a generation. */

struct tally {
  struct guard_watch watch; /* first */
  int calls, faults;
  uint64_t nanoseconds;
};

static struct tally tally;

static void count(struct guard_watch *watch, uint64_t nanoseconds, bool fault) {
  struct tally *self = (struct tally *)(void *)watch;
  self->calls++;
  self->faults += fault;
  self->nanoseconds += nanoseconds;
}

/* Starts a task whose `guard` tells the tally. */
static void start_watched(struct outcome *outcome, const char *text) {
  lua_State *L = vm_state(vm);
  tally = (struct tally){.watch = {count}};
  *outcome = (struct outcome){0};
  push_function(vm, text);
  lua_getfenv(L, -1);
  guard_push_watched(L, &tally.watch);
  lua_setfield(L, -2, "guard");
  lua_pop(L, 1);
  outcome->task = task_start(vm, &loop, L, 0, on_done, outcome);
}

static void calls_and_faults_are_told(void **state) {
  (void)state;
  struct outcome outcome;
  start_watched(&outcome,
                "local a, b = guard(function(x) return x + 1 end, 1) assert(a == true and b == 2)\n"
                "local c, d, e = guard(error, 'bad', 0) assert(c == false and d == 'bad' and e == 'script_error')\n"
                "local f, g, h = guard(function() while true do end end) assert(h == 'script_cpu_limit', h)\n"
                "local i, j, k = guard(function() return nil, 2 end) assert(i and j == nil and k == 2)");
  turn();
  assert_int_equal(outcome.calls, 1);
  if (outcome.failed) fail_msg("%s", outcome.error.message);
  assert_int_equal(tally.calls, 4);
  assert_int_equal(tally.faults, 2);
  assert_true(tally.nanoseconds > (uint64_t)LIMIT_MS * 1000000 / 2);
}

static void waits_are_left_out_of_a_hooks_time(void **state) {
  (void)state;
  struct outcome outcome;
  start_watched(&outcome, "guard(function() wait() wait() end)");
  turn();
  for (int i = 0; i < 2; i++) {
    usleep(60000);
    finish(&operations[i], 1);
    turn();
  }
  assert_int_equal(outcome.calls, 1);
  assert_int_equal(tally.calls, 1);
  assert_true(tally.nanoseconds < 60000000);
}

static void a_guard_counts_in_set_up_code_too(void **state) {
  (void)state;
  struct error error;
  lua_State *L = vm_state(vm);
  tally = (struct tally){.watch = {count}};
  guard_push_watched(L, &tally.watch);
  assert_int_equal(luaL_loadstring(L, "local n = 0 for i = 1, 1e5 do n = n + i end"), 0);
  assert_int_equal(vm_call(vm, 1, 1, &error), 0);
  assert_true(lua_toboolean(L, -1));
  assert_int_equal(tally.calls, 1);
  assert_true(tally.nanoseconds > 10000 && tally.nanoseconds < 10000000000);
}

/* ---- tasks that load a generation ---- */

static uint64_t paused;

static int door_pause(lua_State *L) {
  paused = task_pause(L);
  return paused ? lua_yield(L, 0) : 0;
}

static void start_set_up(struct outcome *outcome, const char *text) {
  lua_State *L = vm_state(vm);
  *outcome = (struct outcome){0};
  push_function(vm, text);
  lua_getfenv(L, -1);
  lua_pushcfunction(L, door_pause);
  lua_setfield(L, -2, "pause");
  lua_pop(L, 1);
  outcome->task = task_start(vm, &loop, L, 0, on_done, outcome);
  task_set_up(outcome->task);
}

static void set_up_goes_on_after_each_pause(void **state) {
  (void)state;
  struct outcome outcome;
  start_set_up(&outcome, "for i = 1, 3 do pause() end");
  turn();
  for (int i = 0; i < 3; i++) {
    assert_int_equal(outcome.calls, 0);
    task_wake(outcome.task, paused);
    turn();
  }
  assert_int_equal(outcome.calls, 1);
  assert_false(outcome.failed);
}

static void set_up_has_no_limit_of_its_own_but_may_not_wait(void **state) {
  (void)state;
  struct outcome outcome;
  start_set_up(&outcome, "for i = 1, 2e7 do end local ok, why = pcall(wait) assert(not ok) error(why, 0)");
  turn();
  assert_true(outcome.failed);
  assert_string_equal(outcome.error.message, "cannot wait here");
}

static void only_set_up_can_pause(void **state) {
  (void)state;
  struct outcome outcome;
  lua_State *L = vm_state(vm);
  start_set_up(&outcome, "table.sort({ 2, 1 }, function(a, b) pause() return a < b end)");
  turn();
  assert_int_equal(outcome.calls, 1);
  assert_false(outcome.failed);
  assert_int_equal(task_pause(L), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(calls_and_faults_are_told),
      TEST(waits_are_left_out_of_a_hooks_time),
      TEST(a_guard_counts_in_set_up_code_too),
      TEST(set_up_goes_on_after_each_pause),
      TEST(set_up_has_no_limit_of_its_own_but_may_not_wait),
      TEST(only_set_up_can_pause),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
