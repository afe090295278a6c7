// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/spec_plan.h"

/* A checkout with one bundled plugin, and an operator's folder with one of each. */
struct scene {
  char root[64], bundled[96], mine[96];
};

static void file_make(const struct scene *scene, const char *path) {
  char full[256];
  snprintf(full, sizeof full, "%s/%s", scene->root, path);
  for (char *slash = full + strlen(scene->root) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = '\0';
    mkdir(full, 0755);
    *slash = '/';
  }
  FILE *file = fopen(full, "w");
  assert_non_null(file);
  fclose(file);
}

static int scene_open(void **state) {
  struct scene *scene = calloc(1, sizeof *scene);
  snprintf(scene->root, sizeof scene->root, "/tmp/moongate-plan-XXXXXX");
  assert_non_null(mkdtemp(scene->root));
  snprintf(scene->bundled, sizeof scene->bundled, "%s/checkout/lua", scene->root);
  snprintf(scene->mine, sizeof scene->mine, "%s/mine", scene->root);
  static const char *const files[] = {"checkout/lua/plugins/pii.lua",
                                      "checkout/spec/plugins/pii_spec.lua",
                                      "mine/plugins/a.lua",
                                      "mine/plugins/b.lua",
                                      "mine/stray.lua",
                                      "mine/spec/plugins/a_spec.lua",
                                      "checkout/examples/plugins/e.lua",
                                      "checkout/examples/spec/plugins/e_spec.lua"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) file_make(scene, files[i]);
  *state = scene;
  return chdir(scene->root);
}

static int scene_close(void **state) {
  struct scene *scene = *state;
  char command[96];
  assert_int_equal(chdir("/"), 0);
  snprintf(command, sizeof command, "rm -r %s", scene->root);
  assert_int_equal(system(command), 0);
  free(scene);
  return 0;
}

/* The plan for up to two words: its first argument and overlay are compared; null = a usage error that says `words`. */
static void expect(const struct scene *scene, const char *first, const char *second, const char *configured,
                   const char *argument, const char *overlay, const char *words) {
  char *argv[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second};
  struct spec_plan plan;
  struct error error = {0};
  int result = spec_plan_make(&plan, second ? 2 : first ? 1 : 0, argv, scene->bundled, configured, &error);
  if (!argument) {
    assert_int_equal(result, -1);
    assert_non_null(strstr(error.message, words));
  } else {
    assert_int_equal(result, 0);
    assert_string_equal(plan.overlay, overlay);
    assert_true(strlen(plan.arguments[0]) >= strlen(argument));
    assert_string_equal(plan.arguments[0] + strlen(plan.arguments[0]) - strlen(argument), argument);
  }
  arena_free(&plan.arena);
}

static void a_spec_is_run_over_the_folder_it_lies_in(void **state) {
  struct scene *scene = *state;
  expect(scene, "mine/spec/plugins/a_spec.lua", NULL, NULL, "a_spec.lua", scene->mine, NULL);
  expect(scene, "mine/spec/plugins/a_spec.lua", NULL, "/elsewhere", "a_spec.lua", scene->mine, NULL);
  char examples[128];
  snprintf(examples, sizeof examples, "%s/checkout/examples", scene->root);
  expect(scene, "checkout/examples/spec/plugins/e_spec.lua", NULL, NULL, "e_spec.lua", examples, NULL);
}

static void a_script_is_tested_by_its_spec(void **state) {
  struct scene *scene = *state;
  expect(scene, "mine/plugins/a.lua", NULL, NULL, "/mine/spec/plugins/a_spec.lua", scene->mine, NULL);
  expect(scene, "checkout/lua/plugins/pii.lua", NULL, NULL, "spec/plugins/pii_spec.lua", "", NULL);
}

static void a_script_without_a_spec_says_where_to_write_one(void **state) {
  expect(*state, "mine/plugins/b.lua", NULL, NULL, NULL, NULL, "spec/plugins/b_spec.lua");
  expect(*state, "mine/stray.lua", NULL, NULL, NULL, NULL, "neither a spec");
}

static void a_folder_stands_for_the_specs_below_it(void **state) {
  struct scene *scene = *state;
  expect(scene, "mine", NULL, NULL, "/mine/spec", scene->mine, NULL);
  expect(scene, "mine/spec", NULL, NULL, "mine/spec", scene->mine, NULL);
  expect(scene, "mine/spec/plugins", NULL, NULL, "mine/spec/plugins", scene->mine, NULL);
  expect(scene, "checkout/spec", NULL, NULL, "checkout/spec", "", NULL);
}

static void without_a_path_the_operators_specs_run(void **state) {
  struct scene *scene = *state;
  expect(scene, NULL, NULL, "mine", "mine/spec", scene->mine, NULL);
  assert_int_equal(chdir("mine"), 0);
  expect(scene, NULL, NULL, NULL, "spec", scene->mine, NULL);
  assert_int_equal(chdir("plugins"), 0);
  expect(scene, NULL, NULL, "", NULL, NULL, "spec here");
  expect(scene, NULL, NULL, "/nowhere", NULL, NULL, "/nowhere/spec");
  assert_int_equal(chdir(scene->root), 0);
}

static void options_stay_options(void **state) {
  struct scene *scene = *state;
  expect(scene, "-o", "TAP", "mine", "-o", scene->mine, NULL);
  char *argv[] = {(char *)(uintptr_t) "--coverage", (char *)(uintptr_t) "mine/plugins/a.lua"};
  struct spec_plan plan;
  assert_int_equal(spec_plan_make(&plan, 2, argv, scene->bundled, NULL, NULL), 0);
  assert_true(plan.coverage);
  assert_int_equal(plan.count, 1);
  arena_free(&plan.arena);
}

static void what_is_not_there_is_told(void **state) {
  expect(*state, "mine/spec/plugins/c_spec.lua", NULL, NULL, NULL, NULL, "there is no mine/spec/plugins/c_spec.lua");
  expect(*state, "mine/plugins/a.lua", "checkout/examples", NULL, NULL, NULL, "different folders");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_spec_is_run_over_the_folder_it_lies_in, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_script_is_tested_by_its_spec, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_script_without_a_spec_says_where_to_write_one, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_folder_stands_for_the_specs_below_it, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(without_a_path_the_operators_specs_run, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(options_stay_options, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(what_is_not_there_is_told, scene_open, scene_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
