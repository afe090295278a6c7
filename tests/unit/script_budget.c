// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include "script/budget.h"
#include "script/guard.h"
#include "script/loader.h"
#include "script_support.h"

enum { MIB = 1024 * 1024, LIMIT_MS = 20 };

static struct play play;
static struct budget *budget;
static struct vm *vm;

static int set_up(void **state) {
  (void)state;
  play_open(&play);
  budget = budget_open(LIMIT_MS);
  vm = play_vm(&play, 64 * MIB, budget);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  vm_close(vm);
  budget_close(budget);
  play_close(&play);
  return 0;
}

/* Compiles a chunk that may call busy(ms), which uses CPU time from C. */
static int busy(lua_State *L) {
  double until = cpu_ms() + luaL_checknumber(L, 1);
  while (cpu_ms() < until) {
  }
  return 0;
}

static void compile(const char *text) {
  lua_State *L = vm_state(vm);
  assert_int_equal(luaL_loadstring(L, text), 0);
  lua_newtable(L);
  lua_pushcfunction(L, busy);
  lua_setfield(L, -2, "busy");
  lua_getglobal(L, "pcall");
  lua_setfield(L, -2, "pcall");
  guard_push(L);
  lua_setfield(L, -2, "guard");
  lua_setfenv(L, -2);
}

/* Runs a chunk as one entry; returns whether it was stopped. */
static bool run_stopped(const char *text, int *status) {
  compile(text);
  budget_enter(budget, vm_state(vm));
  *status = lua_pcall(vm_state(vm), 0, 1, 0);
  return budget_leave(budget);
}

static void an_endless_loop_ends_soon_after_the_limit(void **state) {
  (void)state;
  double best = 1e9, worst = 0; /* a busy machine may be late, but not ten times in a row */
  for (int i = 0; i < 10; i++) {
    int status;
    double before = cpu_ms();
    assert_true(run_stopped("while true do end", &status));
    double took = cpu_ms() - before;
    assert_int_equal(status, LUA_ERRRUN);
    assert_string_equal(lua_tostring(vm_state(vm), -1),
                        "[string \"while true do end\"]:1: script ran longer than 20 ms of CPU");
    lua_settop(vm_state(vm), 0);
    assert_true(took >= LIMIT_MS - 1);
    if (took > worst) worst = took;
    if (took < best) best = took;
  }
  print_message("stopped after %.1f to %.1f ms of CPU\n", best, worst);
  assert_true(best < LIMIT_MS + 15 * SLOWNESS);
  assert_true(worst < LIMIT_MS + 400 * SLOWNESS);
}

static void the_first_entry_after_a_long_quiet_is_watched(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    int status;
    usleep(300 * 1000); /* the watchdog sleeps by then */
    double before = cpu_ms();
    assert_true(run_stopped("while true do end", &status));
    assert_true(cpu_ms() - before < LIMIT_MS + 15 * SLOWNESS);
    lua_settop(vm_state(vm), 0);
  }
}

static void short_entries_add_up_to_nothing(void **state) {
  (void)state;
  for (int i = 0; i < 40; i++) {
    int status;
    assert_false(run_stopped("busy(4)", &status));
    assert_int_equal(status, 0);
    lua_settop(vm_state(vm), 0);
  }
}

static void waiting_is_not_cpu_time(void **state) {
  (void)state;
  compile("return 1");
  budget_enter(budget, vm_state(vm));
  usleep(LIMIT_MS * 3000);
  assert_int_equal(lua_pcall(vm_state(vm), 0, 1, 0), 0);
  assert_false(budget_leave(budget));
}

static void a_nested_entry_has_a_count_of_its_own(void **state) {
  (void)state;
  int status;
  play_put(&play, vm, "plugins/x.lua", "local n = 0 while true do n = n + 1 end");
  budget_enter(budget, vm_state(vm));
  struct error error;
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "x", &error), -1);
  assert_string_equal(error.code, "script_cpu_limit");
  assert_string_equal(error.message, "plugins/x.lua:1: script ran longer than 20 ms of CPU");
  assert_false(budget_exceeded(budget));
  compile("busy(12) return 1");
  status = lua_pcall(vm_state(vm), 0, 1, 0);
  assert_int_equal(status, 0);
  assert_false(budget_leave(budget));
}

static void leaving_disarms(void **state) {
  (void)state;
  int status;
  assert_true(run_stopped("while true do pcall(function() while true do end end) end", &status));
  assert_false(budget_exceeded(budget));
  assert_null(lua_gethook(vm_state(vm)));
  lua_settop(vm_state(vm), 0);
  assert_false(run_stopped("local n = 0 for i = 1, 1000 do n = n + i end return n", &status));
  assert_int_equal(lua_tointeger(vm_state(vm), -1), 500500);
}

/* ---- guard: one hook's time is not another's ---- */

static void a_guarded_hook_is_stopped_and_its_caller_goes_on(void **state) {
  (void)state;
  int status;
  static const char text[] =
      "local ok, why, code = guard(function() while true do pcall(function() while true do end end) end end)\n"
      "local again, value = guard(function(a) return a + 1 end, 41)\n"
      "return { ok = ok, why = why, code = code, again = again, value = value }";
  assert_false(run_stopped(text, &status));
  lua_State *L = vm_state(vm);
  assert_int_equal(status, 0);
  lua_getfield(L, 1, "ok");
  lua_getfield(L, 1, "code");
  lua_getfield(L, 1, "again");
  lua_getfield(L, 1, "value");
  lua_getfield(L, 1, "why");
  assert_false(lua_toboolean(L, 2));
  assert_string_equal(lua_tostring(L, 3), "script_cpu_limit");
  assert_true(lua_toboolean(L, 4));
  assert_int_equal(lua_tointeger(L, 5), 42);
  assert_non_null(strstr(lua_tostring(L, 6), "script ran longer than 20 ms of CPU"));
}

static void hooks_each_have_the_whole_limit(void **state) {
  (void)state;
  int status;
  assert_false(run_stopped("for i = 1, 10 do guard(busy, 8) end return 1", &status));
  assert_int_equal(status, 0);
}

static void an_endless_guard_loop_without_guards_work_is_still_stopped(void **state) {
  (void)state;
  int status;
  assert_true(run_stopped("guard(busy, 1) while true do end", &status));
  assert_int_equal(status, LUA_ERRRUN);
}

static void a_guarded_memory_bomb_leaves_room(void **state) {
  (void)state;
  play_put(&play, vm, "init.lua",
           "return { run = function(guard)\n"
           "  local ok, why, code = guard(function()\n"
           "    local s, t = ('x'):rep(1e6), {} while true do t[#t + 1] = s .. #t end\n"
           "  end)\n"
           "  local fine = guard(function() return ('y'):rep(1e6) .. 'z' end)\n"
           "  return code, fine\n"
           "end }");
  struct error error;
  struct vm *small = play_vm(&play, 4 * MIB, budget);
  assert_int_equal(vm_require(small, "init", &error), 0);
  lua_State *L = vm_state(small);
  assert_true(vm_push_function(small, L, "init", "run"));
  guard_push(L);
  assert_int_equal(vm_call(small, 1, 2, &error), 0);
  assert_string_equal(lua_tostring(L, 1), "script_memory_limit");
  assert_true(lua_toboolean(L, 2));
  vm_close(small);
}

static void guard_limits_hooks_in_set_up_code_too(void **state) {
  (void)state;
  play_put(&play, vm, "init.lua",
           "return { run = function(guard)\n"
           "  local ok, why, code = guard(function() while true do end end)\n"
           "  return code\n"
           "end }");
  struct error error;
  assert_int_equal(vm_require(vm, "init", &error), 0);
  assert_true(vm_push_function(vm, vm_state(vm), "init", "run"));
  guard_push(vm_state(vm));
  assert_int_equal(vm_call(vm, 1, 1, &error), 0);
  assert_string_equal(lua_tostring(vm_state(vm), -1), "script_cpu_limit");
  assert_false(budget_inside(budget));
}

static void errors_in_hooks_keep_their_values(void **state) {
  (void)state;
  int status;
  assert_false(run_stopped("local ok, e, code = guard(function() local t = nil; return t.x end) return code", &status));
  assert_string_equal(lua_tostring(vm_state(vm), -1), "script_error");
}

/* ---- an idle process is idle ---- */

/* How often a thread of this process has gone to sleep. */
static long sleeps(void) {
  struct rusage usage;
  assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_nvcsw;
}

static void the_watchdog_sleeps_when_nothing_runs(void **state) {
  (void)state;
  int status;
  run_stopped("return 1", &status);
  usleep(400 * 1000);
  long before = sleeps();
  usleep(1000 * 1000);
  assert_true(sleeps() - before < 5);
}

static void a_count_may_be_extended_and_only_that_one(void **state) {
  (void)state;
  static const char text[] = "busy(60) for i = 1, 1e4 do busy(0) end";
  int status;
  compile(text);
  budget_enter(budget, vm_state(vm));
  budget_extend(budget, 100 * SLOWNESS);
  status = lua_pcall(vm_state(vm), 0, 0, 0);
  assert_false(budget_leave(budget));
  assert_int_equal(status, 0);
  assert_true(run_stopped(text, &status));
}

static void an_extension_has_an_end(void **state) {
  (void)state;
  compile("while true do end");
  budget_enter(budget, vm_state(vm));
  for (int i = 0; i < 3; i++) budget_extend(budget, UINT32_MAX);
  double before = cpu_ms();
  assert_int_equal(lua_pcall(vm_state(vm), 0, 0, 0), LUA_ERRRUN);
  assert_true(budget_leave(budget));
  assert_true(cpu_ms() - before < 1000 + LIMIT_MS + 15 * SLOWNESS);
  assert_non_null(strstr(lua_tostring(vm_state(vm), -1), "script ran longer than 1020 ms of CPU"));
}

static void entering_and_leaving_is_cheap(void **state) {
  (void)state;
  enum { ROUNDS = 200000 };
  double before = cpu_ms();
  for (int i = 0; i < ROUNDS; i++) {
    budget_enter(budget, vm_state(vm));
    budget_leave(budget);
  }
  double nanoseconds = (cpu_ms() - before) * 1e6 / ROUNDS;
  print_message("enter + leave: %.0f ns\n", nanoseconds);
  assert_true(nanoseconds < 1000 * SLOWNESS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(an_endless_loop_ends_soon_after_the_limit),
      TEST(the_first_entry_after_a_long_quiet_is_watched),
      TEST(short_entries_add_up_to_nothing),
      TEST(waiting_is_not_cpu_time),
      TEST(a_nested_entry_has_a_count_of_its_own),
      TEST(leaving_disarms),
      TEST(a_guarded_hook_is_stopped_and_its_caller_goes_on),
      TEST(hooks_each_have_the_whole_limit),
      TEST(an_endless_guard_loop_without_guards_work_is_still_stopped),
      TEST(a_guarded_memory_bomb_leaves_room),
      TEST(guard_limits_hooks_in_set_up_code_too),
      TEST(errors_in_hooks_keep_their_values),
      TEST(the_watchdog_sleeps_when_nothing_runs),
      TEST(a_count_may_be_extended_and_only_that_one),
      TEST(an_extension_has_an_end),
      TEST(entering_and_leaving_is_cheap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
