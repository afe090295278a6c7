// SPDX-License-Identifier: Apache-2.0
/* The memory of a VM: its cap, what is collected when, several VMs beside each other. */
#include "script_loads.h"

/* ---- memory ---- */

static void out_of_memory_is_an_error_and_the_vm_goes_on(void **state) {
  (void)state;
  struct error error;
  for (int round = 0; round < 4; round++) {
    assert_int_equal(load("local t = {} for i = 1, 1e9 do t[i] = 'text ' .. i end return t", &error), -1);
    assert_string_equal(error.code, "script_memory_limit");
    assert_true(vm_memory(vm) < 2 * MIB);
    assert_int_equal(load("local t = {} for i = 1, 1e4 do t[i] = 'text ' .. i end return { #t }", &error), 0);
    lua_settop(vm_state(vm), 0);
  }
}

static void a_swallowed_out_of_memory_leaves_room_too(void **state) {
  (void)state;
  struct error error;
  static const char text[] =
      "local ok, why = pcall(function() local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end end)\n"
      "return why";
  assert_int_equal(load(text, &error), 0);
  assert_string_equal(lua_tostring(vm_state(vm), -1), "not enough memory");
  assert_true(vm_memory(vm) < 2 * MIB);
}

static void big_garbage_does_not_fail_who_comes_after(void **state) {
  (void)state;
  struct error error;
  static const char text[] = "local s = ('x'):rep(8e6) return { #(s:upper()) }";
  for (int i = 0; i < 50; i++) {
    if (load(text, &error) < 0) fail_msg("%d: %s", i, error.message);
    lua_settop(vm_state(vm), 0);
  }
  assert_int_equal(load("for i = 1, 30 do local s = ('x'):rep(8e6) end return {}", &error), 0);
  assert_int_equal(load("local t = {} for i = 1, 8 do t[i] = ('x'):rep(1e6) end\n"
                        "for i = 1, 30 do local s = table.concat(t) end return {}",
                        &error),
                   0);
}

static void the_cap_is_exact(void **state) {
  (void)state;
  struct error error;
  play_write(&play, "plugins/x.lua", "local s = ('x'):rep(6e6) return { s .. 'a', s .. 'b' }");
  struct vm *small = play_vm(&play, 4 * MIB, NULL);
  assert_int_equal(loader_load(small, vm_state(small), "plugins", "x", &error), -1);
  vm_close(small);
  struct vm *large = play_vm(&play, 48 * MIB, NULL);
  assert_int_equal(loader_load(large, vm_state(large), "plugins", "x", &error), 0);
  assert_true(vm_memory(large) > 12 * 1000 * 1000);
  vm_close(large);
}

static void idle_steps_collect_what_requests_left(void **state) {
  (void)state;
  struct error error;
  size_t before = vm_memory(vm);
  assert_int_equal(load("for i = 1, 1e5 do local t = { i } end return {}", &error), 0);
  lua_settop(vm_state(vm), 0);
  lua_gc(vm_state(vm), LUA_GCSTOP, 0);
  assert_int_equal(load("for i = 1, 1e5 do local t = { i } end return {}", &error), 0);
  lua_settop(vm_state(vm), 0);
  assert_true(vm_memory(vm) > before + 4 * MIB);
  for (int i = 0; i < 20000; i++) vm_idle(vm);
  assert_true(vm_memory(vm) < before + 2 * MIB); /* below that it is not worth a cycle */
}

/* ---- several VMs ---- */

static void generations_live_side_by_side(void **state) {
  (void)state;
  struct error error;
  play_write(&play, "init.lua", "return { version = function() return 1 end }");
  struct vm *old = play_vm(&play, 8 * MIB, NULL);
  assert_int_equal(vm_require(old, "init", &error), 0);
  play_write(&play, "init.lua", "return { version = function() return 2 end }");
  struct vm *new = play_vm(&play, 8 * MIB, NULL);
  assert_int_equal(vm_require(new, "init", &error), 0);
  assert_true(vm_push_function(old, vm_state(old), "init", "version"));
  assert_true(vm_push_function(new, vm_state(new), "init", "version"));
  assert_int_equal(vm_call(old, 0, 1, &error), 0);
  assert_int_equal(vm_call(new, 0, 1, &error), 0);
  assert_int_equal(lua_tointeger(vm_state(old), -1), 1);
  assert_int_equal(lua_tointeger(vm_state(new), -1), 2);
  assert_ptr_equal(vm_of(vm_state(old)), old);
  assert_ptr_equal(vm_host(vm_state(new)), &play);
  vm_close(old);
  vm_close(new);
}

static long resident_kib(void) {
  long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%ld %ld", &pages, &resident), 2);
  fclose(file);
  return resident * 4;
}

static void a_hundred_generations_leave_no_memory_behind(void **state) {
  (void)state;
  struct error error;
  play_write(&play, "init.lua", "local t = {} for i = 1, 1e4 do t[i] = 'item ' .. i end return { t = t }");
  long before = 0;
  for (int i = 0; i < 100 / SLOWNESS; i++) {
    struct vm *one = play_vm(&play, 64 * MIB, NULL);
    assert_int_equal(vm_require(one, "init", &error), 0);
    vm_close(one);
    if (i == 5) before = resident_kib();
  }
  if (SLOWNESS == 1) assert_true(resident_kib() < before + 1024);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(out_of_memory_is_an_error_and_the_vm_goes_on), TEST(a_swallowed_out_of_memory_leaves_room_too),
      TEST(big_garbage_does_not_fail_who_comes_after),    TEST(the_cap_is_exact),
      TEST(idle_steps_collect_what_requests_left),        TEST(generations_live_side_by_side),
      TEST(a_hundred_generations_leave_no_memory_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
