// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "script/vm.h"

static struct vm *vm;
static int collected;

static int thing_value(lua_State *L) {
  lua_pushinteger(L, *(int *)bind_box(L, 1, "test.thing"));
  return 1;
}

static int thing_collect(lua_State *L) {
  (void)L;
  collected++;
  return 0;
}

static int door_text(lua_State *L) {
  bind_push_slice(L, bind_slice(L, 1));
  return 1;
}

static void open_doors(lua_State *L) {
  static const luaL_Reg thing[] = {{"value", thing_value}, {"__gc", thing_collect}, {NULL, NULL}};
  static const luaL_Reg other[] = {{"value", thing_value}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"text", door_text}, {NULL, NULL}};
  bind_box_type(L, "test.thing", thing);
  bind_box_type(L, "test.other", other);
  bind_door(L, "open", functions);
  bind_door_private(L, "inner", functions);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushinteger(L, 5);
  lua_setfield(L, -2, "deep");
  lua_setfield(L, -2, "values");
  bind_door_values(L, "more", functions);
}

static int set_up(void **state) {
  (void)state;
  struct error error;
  vm = vm_open(&(struct vm_options){.open_doors = open_doors}, &error);
  collected = 0;
  return vm ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  vm_close(vm);
  return 0;
}

/* Runs a chunk as a script with the value below it as its argument; leaves its result or fails with `message`. */
static void run(const char *text, const char *message) {
  lua_State *L = vm_state(vm);
  struct error error = {0};
  assert_int_equal(luaL_loadbufferx(L, text, strlen(text), "=x", "t"), 0);
  lua_insert(L, -2);
  int status = vm_call(vm, 1, 1, &error);
  if (message) {
    assert_int_equal(status, -1);
    assert_string_equal(error.message, message);
  } else if (status < 0) {
    fail_msg("%s", error.message);
  }
}

static void a_box_reaches_its_object_until_it_is_emptied(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  int object = 42;
  void **box = bind_box_new(L, "test.thing", &object);
  lua_pushvalue(L, -1);
  run("local thing = ... return thing:value()", NULL);
  assert_int_equal(lua_tointeger(L, -1), 42);
  lua_pop(L, 1);
  *box = NULL;
  run("local thing = ... return (thing:value())", "x:1: test.thing is over");
}

static void a_box_of_another_type_is_refused(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  int object = 1;
  bind_box_new(L, "test.other", &object);
  run("local other = ... return (other:value())",
      "x:1: calling 'value' on bad self (test.thing expected, got userdata)");
  bind_box_new(L, "test.thing", &object);
  run("local thing = ... return (thing.value({}))", "x:1: bad argument #1 to 'value' (test.thing expected, got table)");
}

static void the_type_may_be_named_by_another_string(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  static const char twin[] = {'t', 'e', 's', 't', '.', 't', 'h', 'i', 'n', 'g', '\0'};
  int object = 7;
  bind_box_new(L, "test.thing", &object);
  assert_ptr_equal(bind_box(L, -1, twin), &object);
}

static int check_foreign(lua_State *L) {
  void **foreign = lua_newuserdata(L, 2 * sizeof(void *));
  foreign[0] = foreign[1] = &collected;
  bind_box(L, -1, "test.thing");
  return 0;
}

static void a_foreign_userdata_of_the_same_size_is_no_box(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  assert_int_equal(lua_cpcall(L, check_foreign, NULL), LUA_ERRRUN);
  assert_non_null(strstr(lua_tostring(L, -1), "test.thing expected, got userdata"));
}

static void methods_with_two_underscores_go_into_the_metatable(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  int object = 1;
  bind_box_new(L, "test.thing", &object);
  lua_pushvalue(L, -1);
  run("local thing = ... return thing.__gc == nil and getmetatable(thing) == false", NULL);
  assert_true(lua_toboolean(L, -1));
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  assert_int_equal(collected, 1);
}

static void strings_cross_with_every_byte(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  lua_pushnil(L);
  run("return require('gateway.open').text('a\\0b')", NULL);
  struct slice text = bind_slice(L, -1);
  assert_true(slice_equal(text, slice_make("a\0b", 3)));
  bind_push_slice(L, (struct slice){0});
  assert_int_equal(bind_slice(L, -1).len, 0);
  run("return (require('gateway.open').text(5))", "x:1: bad argument #1 to 'text' (string expected, got number)");
}

static void doors_are_read_only_and_some_are_private(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  lua_pushnil(L);
  run("local more = require 'gateway.more' return more.values.deep", NULL);
  assert_int_equal(lua_tointeger(L, -1), 5);
  run("require('gateway.more').values.deep = 1", "x:1: write to 'deep' of a read-only table");
  lua_pushnil(L);
  run("require('gateway.open').text = 1", "x:1: write to 'text' of a read-only table");
  lua_pushnil(L);
  run("require 'gateway.inner'", "x:1: module 'gateway.inner' is not for scripts");
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(a_box_reaches_its_object_until_it_is_emptied),
      TEST(a_box_of_another_type_is_refused),
      TEST(the_type_may_be_named_by_another_string),
      TEST(a_foreign_userdata_of_the_same_size_is_no_box),
      TEST(methods_with_two_underscores_go_into_the_metatable),
      TEST(strings_cross_with_every_byte),
      TEST(doors_are_read_only_and_some_are_private),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
