// SPDX-License-Identifier: Apache-2.0
#include "script/bundle.h"
#include "script/loader.h"
#include "script_support.h"

/* Two roots: the first as it comes with the program, the second an operator's. */

static struct play bundled, operators;
static struct buffer bytes;
static struct bundle bundle;

static int set_up(void **state) {
  (void)state;
  play_open(&bundled);
  play_open(&operators);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  buffer_free(&bytes);
  play_close(&bundled);
  play_close(&operators);
  return 0;
}

static int read_both(bool specs, struct error *error) {
  char root[80];
  snprintf(root, sizeof root, "%s/lua", bundled.root);
  const char *const roots[] = {root, operators.root};
  struct bundle_sources sources = {.roots = roots,
                                   .root_count = 2,
                                   .specs = specs,
                                   .config_path = "/etc/gateway.yaml",
                                   .config_text = SLICE_LITERAL("targets: auto\n")};
  buffer_clear(&bytes);
  if (bundle_read(&sources, &bytes, error) < 0) return -1;
  assert_true(bundle_view(&bundle, buffer_slice(&bytes)));
  return 0;
}

static void read_well(void) {
  struct error error = {0};
  if (read_both(true, &error) < 0) fail_msg("%s", error.message);
}

static void assert_text(const char *path, const char *text) {
  struct bundle_file file;
  if (!bundle_find(&bundle, path, &file)) fail_msg("no %s", path);
  assert_true(slice_equal(file.text, slice_text(text)));
}

static bool has(const char *path) {
  struct bundle_file file;
  return bundle_find(&bundle, path, &file);
}

static void a_bundle_holds_scripts_modules_specs_and_the_configuration(void **state) {
  (void)state;
  play_write(&bundled, "lua/init.lua", "return 1");
  play_write(&bundled, "lua/plugins/a.lua", "return 2");
  play_write(&bundled, "lua/providers/dialects/x/part.lua", "return 3");
  play_write(&bundled, "spec/plugins/a_spec.lua", "spec");
  play_write(&operators, "plugins/empty.lua", "");
  play_write(&operators, "spec/plugins/empty_spec.lua", "mine");
  read_well();
  assert_int_equal(bundle.count, 7);
  assert_text("init.lua", "return 1");
  assert_text("plugins/a.lua", "return 2");
  assert_text("providers/dialects/x/part.lua", "return 3");
  assert_text("spec/plugins/a_spec.lua", "spec");
  assert_text("spec/plugins/empty_spec.lua", "mine");
  assert_text("plugins/empty.lua", "");
  assert_text("config", "targets: auto\n");
  assert_false(has("plugins/b.lua"));
  for (size_t i = 1; i < bundle.count; i++) {
    assert_true(strcmp(bundle_at(&bundle, i - 1).path, bundle_at(&bundle, i).path) < 0);
  }
}

static void the_operators_script_wins_and_the_bundled_module(void **state) {
  (void)state;
  struct bundle_file file;
  char origin[128];
  play_write(&bundled, "lua/init.lua", "return 'bundled'");
  play_write(&bundled, "lua/plugins/a.lua", "return 'bundled'");
  play_write(&operators, "init.lua", "return 'operator'");
  play_write(&operators, "plugins/a.lua", "return 'operator'");
  read_well();
  assert_text("init.lua", "return 'bundled'");
  assert_true(bundle_find(&bundle, "plugins/a.lua", &file));
  assert_false(file.bundled);
  assert_int_equal(file.class, BUNDLE_SCRIPT);
  snprintf(origin, sizeof origin, "%s/plugins/a.lua", operators.root);
  assert_string_equal(file.origin, origin);
  assert_true(slice_equal(file.text, SLICE_LITERAL("return 'operator'")));
}

static void the_droppings_of_editors_are_no_files(void **state) {
  (void)state;
  static const char *const names[] = {"a.lua~", ".a.lua.swp", "#a.lua#", "4913", ".#a.lua", "a.lua.tmp", "a b.lua"};
  char path[64];
  play_write(&bundled, "lua/plugins/a.lua", "return 1");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "plugins/%s", names[i]);
    play_write(&operators, path, "broken");
  }
  play_write(&operators, "plugins/.git/x.lua", "broken");
  read_well();
  assert_int_equal(bundle.count, 2);
}

static void what_cannot_be_read_is_named(void **state) {
  (void)state;
  struct error error = {0};
  assert_int_equal(read_both(false, &error), -1);
  assert_non_null(strstr(error.message, "/lua: No such file or directory"));
  play_write(&bundled, "lua/init.lua", "return 1");
  char *text = calloc(1, BUNDLE_FILE_LIMIT + 1);
  play_write_bytes(&operators, "plugins/big.lua", text, BUNDLE_FILE_LIMIT + 1);
  free(text);
  assert_int_equal(read_both(false, &error), -1);
  assert_non_null(strstr(error.message, "/plugins/big.lua: larger than 1048576 bytes"));
  assert_int_equal(bytes.len, 0);
}

static void bytes_that_are_no_bundle_are_refused(void **state) {
  (void)state;
  play_write(&bundled, "lua/init.lua", "return 1");
  read_well();
  struct bundle view;
  assert_false(bundle_view(&view, SLICE_LITERAL("")));
  assert_false(bundle_view(&view, SLICE_LITERAL("this is no bundle at all")));
  assert_false(bundle_view(&view, slice_make(bytes.data, bytes.len - 1)));
}

static struct vm *vm_over_bundle(void) {
  struct error error = {0};
  struct vm *vm = vm_open(&(struct vm_options){.bundle = &bundle}, &error);
  if (!vm) fail_msg("%s", error.message);
  return vm;
}

static void a_vm_loads_from_its_bundle_whatever_is_on_disk(void **state) {
  (void)state;
  struct error error = {0};
  play_write(&bundled, "lua/plugins/a.lua", "return 'before'");
  read_well();
  struct vm *vm = vm_over_bundle();
  play_write(&bundled, "lua/plugins/a.lua", "return 'after'");
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "a", &error), 0);
  assert_string_equal(lua_tostring(vm_state(vm), -1), "before");
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "b", &error), -1);
  assert_string_equal(error.message, "plugins/b.lua: there is no such script");
  struct slice text;
  assert_true(vm_configuration(vm, "/etc/gateway.yaml", &text));
  assert_true(slice_equal(text, SLICE_LITERAL("targets: auto\n")));
  assert_false(vm_configuration(vm, "/etc/other.yaml", &text));
  vm_close(vm);
}

static void what_is_compiled_ahead_is_what_is_loaded(void **state) {
  (void)state;
  struct error error = {0};
  play_write(&bundled, "lua/init.lua", "return { part = require 'other' }");
  play_write(&bundled, "lua/other.lua", "return 'part'");
  play_write(&bundled, "lua/plugins/a.lua", "return require('plugins.a.part')");
  play_write(&bundled, "lua/plugins/a/part.lua", "return 'a part'");
  play_write(&bundled, "lua/plugins/broken.lua", "return {");
  read_well();
  struct vm *vm = vm_over_bundle();
  size_t position = 0, turns = 0;
  while (vm_compile(vm, &position, 1)) turns++;
  assert_true(turns > 2);
  assert_int_equal(vm_require(vm, "init", &error), 0);
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "a", &error), 0);
  assert_string_equal(lua_tostring(vm_state(vm), -1), "a part");
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "broken", &error), -1);
  assert_string_equal(error.message, "plugins/broken.lua:1: unexpected symbol near '<eof>'");
  vm_close(vm);
}

static void a_part_can_be_required_after_the_bundle_is_gone(void **state) {
  (void)state;
  struct error error = {0};
  play_write(&bundled, "lua/plugins/a.lua", "return { late = function() return require('plugins.a.part') end }");
  play_write(&bundled, "lua/plugins/a/part.lua", "return 'late'");
  read_well();
  struct vm *vm = vm_over_bundle();
  lua_State *L = vm_state(vm);
  assert_int_equal(loader_load(vm, L, "plugins", "a", &error), 0);
  vm_let_go(vm);
  memset(bytes.data, 0xff, bytes.len);
  lua_getfield(L, -1, "late");
  assert_int_equal(vm_call(vm, 0, 1, &error), 0);
  assert_string_equal(lua_tostring(L, -1), "late");
  vm_close(vm);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(a_bundle_holds_scripts_modules_specs_and_the_configuration),
      TEST(the_operators_script_wins_and_the_bundled_module),
      TEST(the_droppings_of_editors_are_no_files),
      TEST(what_cannot_be_read_is_named),
      TEST(bytes_that_are_no_bundle_are_refused),
      TEST(a_vm_loads_from_its_bundle_whatever_is_on_disk),
      TEST(what_is_compiled_ahead_is_what_is_loaded),
      TEST(a_part_can_be_required_after_the_bundle_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
