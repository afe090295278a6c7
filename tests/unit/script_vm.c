// SPDX-License-Identifier: Apache-2.0
#include "script/bundle.h"
#include "script/module.h"
#include "script/vm.h"
#include "script_loads.h"

static void a_script_is_loaded_and_its_value_pushed(void **state) {
  (void)state;
  struct error error;
  assert_int_equal(load("return { name = 'x' }", &error), 0);
  lua_getfield(vm_state(vm), -1, "name");
  assert_string_equal(lua_tostring(vm_state(vm), -1), "x");
}

static void a_syntax_error_names_file_and_line(void **state) {
  (void)state;
  refused("local a = 1\nlocal b = = 2\n", "plugins/x.lua:2: unexpected symbol near '='");
}

static void a_runtime_error_names_file_and_line(void **state) {
  (void)state;
  refused("\n\nlocal t = nil\nreturn t.x", "plugins/x.lua:4: attempt to index local 't' (a nil value)");
  refused("error('boom', 0)", "plugins/x.lua: boom");
  refused("error({ message = 'from a table' })", "plugins/x.lua: from a table");
  refused("error({})", "plugins/x.lua: an error without a message");
  refused("error(nil)", "plugins/x.lua: an error without a message");
  refused("error('first\\nsecond', 0)", "plugins/x.lua: first");
}

static void a_script_that_returns_nothing_is_refused(void **state) {
  (void)state;
  refused("local a = 1", "plugins/x.lua: returns nothing");
}

static void bytecode_is_refused(void **state) {
  (void)state;
  static const char header[] = "\x1bLJ\x02\x02\x00";
  play_write_bytes(&play, "plugins/x.lua", header, sizeof header);
  struct error error;
  assert_int_equal(vm_refresh(vm, &error), 0);
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "x", &error), -1);
  assert_non_null(strstr(error.message, "attempt to load chunk with wrong mode"));
}

static void a_missing_script_says_where_it_was_looked_for(void **state) {
  (void)state;
  struct error error;
  char expected[200];
  snprintf(expected, sizeof expected, "plugins/none.lua: not found in %s", play.root);
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "none", &error), -1);
  assert_string_equal(error.message, expected);
}

static void a_name_cannot_leave_the_folder(void **state) {
  (void)state;
  play_put(&play, vm, "secret.lua", "return {}");
  mkdir(play.root, 0700);
  static const char *const names[] = {"../secret", "./x", "", "a/b", "x.y", "/etc/passwd"};
  play_put(&play, vm, "plugins/x.lua", "return {}");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_null(loader_path(vm, "plugins", names[i]));
  assert_null(loader_path(vm, "..", "secret"));
  assert_null(loader_path(vm, "plugins/..", "secret"));
  assert_null(loader_path(vm, "plugins/", "x"));
  assert_non_null(loader_path(vm, "plugins", "x"));
}

static void a_file_may_have_a_megabyte_and_no_byte_more(void **state) {
  (void)state;
  char *text = malloc(BUNDLE_FILE_LIMIT + 1);
  memset(text, ' ', BUNDLE_FILE_LIMIT + 1);
  memcpy(text, "return {}", 9);
  struct error error;
  play_write_bytes(&play, "plugins/x.lua", text, BUNDLE_FILE_LIMIT);
  assert_int_equal(vm_refresh(vm, &error), 0);
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "x", &error), 0);
  play_write_bytes(&play, "plugins/x.lua", text, BUNDLE_FILE_LIMIT + 1);
  assert_int_equal(vm_refresh(vm, &error), -1);
  assert_non_null(strstr(error.message, "/plugins/x.lua: larger than 1048576 bytes"));
  free(text);
}

static void the_list_is_sorted_and_leaves_out_what_is_no_script(void **state) {
  (void)state;
  static const char *const files[] = {"plugins/b.lua",   "plugins/a-1.lua",    "plugins/contract.lua", "plugins/a.lua~",
                                      "plugins/.a.swp",  "plugins/#a#",        "plugins/4913",         "plugins/.h.lua",
                                      "plugins/#c#.lua", "plugins/b_spec.lua", "plugins/.lua"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) play_put(&play, vm, files[i], "return {}");
  lua_State *L = vm_state(vm);
  assert_int_equal(loader_list(vm, L, "plugins"), 2);
  lua_rawgeti(L, 1, 1);
  lua_rawgeti(L, 1, 2);
  assert_string_equal(lua_tostring(L, 2), "a-1");
  assert_string_equal(lua_tostring(L, 3), "b");
  assert_int_equal(loader_list(vm, L, "nothing"), 0);
  assert_int_equal(loader_list(vm, L, "../plugins"), 0);
}

static struct vm *overlaid(const struct play *over, size_t root_count) {
  const char *const roots[] = {play.root, over->root};
  struct error error;
  struct vm *made = vm_open(&(struct vm_options){.roots = roots, .root_count = root_count}, &error);
  assert_non_null(made);
  return made;
}

static void an_operators_script_replaces_the_bundled_one(void **state) {
  (void)state;
  struct play over;
  play_open(&over);
  play_put(&play, vm, "plugins/same.lua", "return 'bundled'");
  play_put(&play, vm, "plugins/only.lua", "return 'bundled'");
  play_write(&over, "plugins/same.lua", "return 'operator'");
  play_write(&over, "plugins/extra.lua", "return 'operator'");
  struct vm *both = overlaid(&over, 2);
  lua_State *L = vm_state(both);
  struct error error;
  assert_int_equal(loader_list(both, L, "plugins"), 3);
  assert_int_equal(loader_load(both, L, "plugins", "same", &error), 0);
  assert_string_equal(lua_tostring(L, -1), "operator");
  assert_int_equal(loader_load(both, L, "plugins", "only", &error), 0);
  assert_string_equal(lua_tostring(L, -1), "bundled");
  vm_close(both);
  play_close(&over);
}

/* ---- hallway modules ---- */

static void the_hallway_is_never_overlaid(void **state) {
  (void)state;
  struct play over;
  play_open(&over);
  play_put(&play, vm, "init.lua", "return { from = function() return 'bundled' end }");
  play_write(&over, "init.lua", "return { from = function() return 'operator' end }");
  struct vm *both = overlaid(&over, 2);
  struct error error;
  assert_int_equal(vm_require(both, "init", &error), 0);
  assert_true(vm_push_function(both, vm_state(both), "init", "from"));
  assert_int_equal(vm_call(both, 0, 1, &error), 0);
  assert_string_equal(lua_tostring(vm_state(both), -1), "bundled");
  vm_close(both);
  play_close(&over);
}

static void a_module_is_run_once_and_its_functions_are_found(void **state) {
  (void)state;
  play_put(&play, vm, "counter.lua", "local n = 0 return { count = function() n = n + 1 return n end }");
  play_put(&play, vm, "init.lua", "local a = require 'counter' a.count() return require 'counter'");
  struct error error;
  assert_int_equal(vm_require(vm, "init", &error), 0);
  assert_int_equal(vm_require(vm, "init", &error), 0);
  lua_State *L = vm_state(vm);
  assert_true(vm_push_function(vm, L, "counter", "count"));
  assert_int_equal(vm_call(vm, 0, 1, &error), 0);
  assert_int_equal(lua_tointeger(L, -1), 2);
  lua_pop(L, 1);
  assert_false(vm_push_function(vm, L, "counter", "none"));
  assert_false(vm_push_function(vm, L, "none", "count"));
  assert_int_equal(lua_gettop(L), 0);
}

static void a_module_that_fails_says_why_and_can_be_tried_again(void **state) {
  (void)state;
  struct error error;
  play_put(&play, vm, "init.lua", "\nerror('not yet')");
  assert_int_equal(vm_require(vm, "init", &error), -1);
  assert_string_equal(error.message, "init.lua:2: not yet");
  play_put(&play, vm, "init.lua", "return {");
  assert_int_equal(vm_require(vm, "init", &error), -1);
  assert_string_equal(error.message, "init.lua:1: unexpected symbol near '<eof>'");
  play_put(&play, vm, "init.lua", "return {}");
  assert_int_equal(vm_require(vm, "init", &error), 0);
  assert_int_equal(vm_require(vm, "other", &error), -1);
  assert_string_equal(error.message, "module 'other' not found");
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}

static void modules_that_require_each_other_are_refused(void **state) {
  (void)state;
  play_put(&play, vm, "a.lua", "require 'b' return {}");
  play_put(&play, vm, "b.lua", "require 'a' return {}");
  struct error error;
  assert_int_equal(vm_require(vm, "a", &error), -1);
  assert_string_equal(error.message, "b.lua:1: module 'a' requires itself");
}

static void a_script_requires_only_schema_errors_and_public_doors(void **state) {
  (void)state;
  lua_State *L = vm_state(vm);
  lua_newtable(L);
  lua_pushinteger(L, 7);
  lua_setfield(L, -2, "value");
  module_door(L, "open", false);
  lua_newtable(L);
  module_door(L, "inner", true);
  play_put(&play, vm, "schema.lua", "return { deep = { word = 'shared' } }");
  play_put(&play, vm, "pipeline.lua", "return {}");
  play_put(&play, vm, "init.lua", "require 'gateway.inner' require 'gateway.open' require 'pipeline' return {}");
  struct error error;
  assert_int_equal(load("return require('gateway.open').value + #require('schema').deep.word", &error), 0);
  assert_int_equal(lua_tointeger(L, -1), 13);
  lua_pop(L, 1);
  assert_int_equal(vm_require(vm, "init", &error), 0);
  refused("require 'pipeline'", "plugins/x.lua:1: module 'pipeline' is not for scripts");
  refused("require 'gateway.inner'", "plugins/x.lua:1: module 'gateway.inner' is not for scripts");
  refused("require 'gateway.none'", "plugins/x.lua:1: module 'gateway.none' not found");
  refused("require 'errors'", "plugins/x.lua:1: module 'errors' not found");
  refused("require 'ffi'", "plugins/x.lua:1: module 'ffi' is not for scripts");
  refused("require 'schema\\0x'", "plugins/x.lua:1: bad argument #1 to 'require' (not a module name)");
  refused("require('schema').deep.word = 1", "plugins/x.lua:1: write to 'word' of a read-only table");
  refused("require('gateway.open').value = 1", "plugins/x.lua:1: write to 'value' of a read-only table");
}

static void a_script_may_have_parts_in_a_folder_of_its_own(void **state) {
  (void)state;
  struct error error;
  play_put(&play, vm, "plugins/other.lua", "return {}");
  play_put(&play, vm, "plugins/x.lua", "return {}");
  play_put(&play, vm, "plugins/pii/cards.lua", "return { luhn = require('plugins.pii.digits').sum }");
  play_put(&play, vm, "plugins/pii/digits.lua", "return { sum = 10 }");
  play_put(&play, vm, "plugins/pii/a.lua", "local b = require 'plugins.pii.b' return b");
  play_put(&play, vm, "plugins/pii/b.lua", "local a = require 'plugins.pii.a' return a");
  play_put(&play, vm, "plugins/pii/broken.lua", "return {\n");
  play_put(&play, vm, "other/folder/x.lua", "return {}");
  assert_int_equal(load("return require('plugins.pii.cards').luhn", &error), 0);
  assert_int_equal(lua_tointeger(vm_state(vm), -1), 10);
  lua_pop(vm_state(vm), 1);
  refused("require 'plugins.other'", "plugins/x.lua:1: module 'plugins.other' not found");
  refused("require 'providers.dialects.openai_chat'",
          "plugins/x.lua:1: module 'providers.dialects.openai_chat' not found");
  refused("require 'plugins.pii.none'", "plugins/x.lua:1: module 'plugins.pii.none' not found");
  refused("require 'plugins.pii...'", "plugins/x.lua:1: module 'plugins.pii...' not found");
  refused("require 'other.folder.x'", "plugins/x.lua:1: module 'other.folder.x' not found");
  refused("require 'plugins.pii/cards'", "plugins/x.lua:1: module 'plugins.pii/cards' not found");
  refused("require 'plugins.pii.a'", "plugins/pii/b.lua:1: module 'plugins.pii.a' requires itself");
  refused("require 'plugins.pii.broken'", "plugins/x.lua:1: plugins/pii/broken.lua:2: unexpected symbol near '<eof>'");
  assert_int_equal(loader_list(vm, vm_state(vm), "plugins"), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(a_script_is_loaded_and_its_value_pushed),
      TEST(a_syntax_error_names_file_and_line),
      TEST(a_runtime_error_names_file_and_line),
      TEST(a_script_that_returns_nothing_is_refused),
      TEST(bytecode_is_refused),
      TEST(a_missing_script_says_where_it_was_looked_for),
      TEST(a_name_cannot_leave_the_folder),
      TEST(a_file_may_have_a_megabyte_and_no_byte_more),
      TEST(the_list_is_sorted_and_leaves_out_what_is_no_script),
      TEST(an_operators_script_replaces_the_bundled_one),
      TEST(the_hallway_is_never_overlaid),
      TEST(a_module_is_run_once_and_its_functions_are_found),
      TEST(a_module_that_fails_says_why_and_can_be_tried_again),
      TEST(modules_that_require_each_other_are_refused),
      TEST(a_script_requires_only_schema_errors_and_public_doors),
      TEST(a_script_may_have_parts_in_a_folder_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
