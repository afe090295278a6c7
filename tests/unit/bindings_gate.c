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
#include <time.h>
#include <unistd.h>

#include "bindings/gate.h"

/* An operator's folder beside the bundled scripts, which are at lua/ of the checkout the tests run in. */
struct scene {
  char root[64];
  struct buffer candidate, active, report, last_report, lines;
  struct settings settings;
  double milliseconds;
};

static void write_file(const struct scene *scene, const char *path, const char *text) {
  char full[256];
  snprintf(full, sizeof full, "%s/%s", scene->root, path);
  for (char *slash = full + strlen(scene->root) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = '\0';
    mkdir(full, 0755);
    *slash = '/';
  }
  FILE *file = fopen(full, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

/* Nothing of this process's environment is the candidate's; how cmocka reports stays. */
static void environment_clear(void) {
  const char *named = getenv("CMOCKA_MESSAGE_OUTPUT");
  char *output = named ? strdup(named) : NULL;
  clearenv();
  if (output) setenv("CMOCKA_MESSAGE_OUTPUT", output, 1);
  free(output);
}

static int scene_open(void **state) {
  struct scene *scene = calloc(1, sizeof *scene);
  snprintf(scene->root, sizeof scene->root, "/tmp/moongate-gate-XXXXXX");
  assert_non_null(mkdtemp(scene->root));
  environment_clear();
  *state = scene;
  return 0;
}

static int scene_close(void **state) {
  struct scene *scene = *state;
  char command[96];
  snprintf(command, sizeof command, "rm -r %s", scene->root);
  setenv("PATH", "/usr/bin:/bin", 1);
  assert_int_equal(system(command), 0);
  buffer_free(&scene->candidate);
  buffer_free(&scene->active);
  buffer_free(&scene->report);
  buffer_free(&scene->last_report);
  buffer_free(&scene->lines);
  free(scene);
  return 0;
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What is on disk, judged: the first generation, or the next after the one `accept` kept. */
static int judge(struct scene *scene, bool all) {
  const char *roots[] = {"lua", scene->root};
  struct bundle_sources sources = {.roots = roots, .root_count = 2, .specs = true};
  struct error error;
  buffer_clear(&scene->candidate);
  buffer_clear(&scene->report);
  buffer_clear(&scene->lines);
  if (bundle_read(&sources, &scene->candidate, &error) < 0) fail_msg("%s", error.message);
  struct bundle candidate, active;
  assert_true(bundle_view(&candidate, buffer_slice(&scene->candidate)));
  bool first = scene->active.len == 0;
  if (!first) assert_true(bundle_view(&active, buffer_slice(&scene->active)));
  struct judge_task task = {.candidate = &candidate,
                            .active = first ? NULL : &active,
                            .active_report = buffer_slice(&scene->last_report),
                            .all_specs = all,
                            .roots = roots,
                            .root_count = 2,
                            .settings = &scene->settings,
                            .lines = &scene->lines};
  double began = now_ms();
  int result = bind_judge(&task, &scene->report);
  scene->milliseconds = now_ms() - began;
  buffer_append(&scene->report, "", 1);
  buffer_append(&scene->lines, "", 1);
  return result;
}

static void accept(struct scene *scene) {
  buffer_clear(&scene->active);
  buffer_append_slice(&scene->active, buffer_slice(&scene->candidate));
  buffer_clear(&scene->last_report);
  buffer_append(&scene->last_report, scene->report.data, scene->report.len - 1);
}

static void says(struct scene *scene, const char *words) {
  if (!strstr(scene->report.data, words)) fail_msg("no %s in %s", words, scene->report.data);
}

/* A line for the terminal begins with this place in the operator's folder and goes on with these words. */
static void told(struct scene *scene, const char *place, const char *words) {
  char line[512];
  snprintf(line, sizeof line, "%s/%s%s", scene->root, place, words);
  if (!strstr(scene->lines.data, line)) fail_msg("no %s in %s", line, scene->lines.data);
}

/* The member `"spec":...` of the report's entry of plugins/<name>. */
static void spec_is(struct scene *scene, const char *name, const char *words) {
  char wanted[64];
  snprintf(wanted, sizeof wanted, "\"name\":\"%s\"", name);
  const char *at = strstr(scene->report.data, wanted);
  if (!at) fail_msg("no %s in the report", name);
  while (*at != '{') at--;
  const char *end = strstr(at, "}}");
  const char *other = strstr(at, "},{\"");
  size_t len = (size_t)((end && (!other || end < other) ? end : other ? other : at + strlen(at)) - at);
  char entry[1024];
  snprintf(entry, sizeof entry, "%.*s", (int)len, at);
  if (!strstr(entry, words)) fail_msg("%s: no %s in %s", name, words, entry);
}

static const char plugin[] =
    "return {\n  name = \"mine\",\n  type = \"guardrail\",\n  before_request = function() end,\n}\n";
static const char spec[] =
    "local mine = require \"plugins.mine\"\n"
    "describe(\"mine\", function()\n"
    "  it(\"has a name\", function() assert.are.equal(\"mine\", mine.name) end)\n"
    "  it(\"has a type\", function() assert.are.equal(\"guardrail\", mine.type) end)\n"
    "end)\n";

static void a_good_candidate_is_listed_with_what_its_specs_showed(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua", spec);
  assert_int_equal(judge(scene, false), 0);
  says(scene, "\"reasons\":[]");
  spec_is(scene, "mine", "\"passed\":2");
  spec_is(scene, "mine", "\"source\":\"operator\"");
  spec_is(scene, "fallback", "\"source\":\"bundled\"");
  assert_int_equal(scene->settings.port, 8080);
  print_message("# a first generation in %.0f ms\n", scene->milliseconds);
}

static void only_what_changed_is_tested_again(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua", spec);
  assert_int_equal(judge(scene, false), 0);
  accept(scene);
  write_file(scene, "plugins/other.lua", "return { name = \"other\", type = \"guardrail\" }\n");
  assert_int_equal(judge(scene, false), 0);
  spec_is(scene, "mine", "\"passed\":2");
  says(scene, "plugins/other.lua has no spec: write one at spec/plugins/other_spec.lua");
  accept(scene);
  write_file(scene, "spec/plugins/mine_spec.lua", "it(\"is short\", function() end)\n");
  assert_int_equal(judge(scene, false), 0);
  spec_is(scene, "mine", "\"passed\":1");
  print_message("# one changed script in %.0f ms\n", scene->milliseconds);
  assert_int_equal(judge(scene, true), 0);
  spec_is(scene, "fallback", "\"passed\":3");
}

/* Scripts that serve already are not held against it again: only when it is another. */
static void a_changed_contract_judges_every_script_anew(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  assert_int_equal(judge(scene, false), 0);
  accept(scene);
  assert_int_equal(judge(scene, false), 0);
  write_file(scene, "plugins/contract.lua",
             "return { check = function(_, name) return name ~= \"mine\", \"is not welcome\" end }\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "plugins/mine.lua", ":1: is not welcome");
}

static void a_failing_assertion_is_named_with_its_place(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua", "it(\"is right\", function()\n  assert.are.equal(1, 2)\nend)\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "spec/plugins/mine_spec.lua:2: ", "\"is right\" failed: Expected objects to be equal.");
  says(scene, "\"line\":2");
  spec_is(scene, "mine", "\"failed\":1");
}

static void a_spec_that_cannot_be_read_is_refused_with_its_line(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua", "it(\"x\", function()\n  nonsense here\nend)\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "spec/plugins/mine_spec.lua:2: ", "'=' expected near 'here'");
}

static void a_spec_that_never_ends_is_refused_and_the_others_run(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua",
             "it(\"loops\", function()\n  while true do pcall(function() while true do end end) end\nend)\n"
             "it(\"follows\", function() end)\n");
  write_file(scene, "plugins/zeta.lua", "return { name = \"zeta\", type = \"guardrail\" }\n");
  write_file(scene, "spec/plugins/zeta_spec.lua", "it(\"is right\", function() assert.is_true(false) end)\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "spec/plugins/mine_spec.lua:2: ", "ran longer than 2000 ms of CPU");
  told(scene, "spec/plugins/zeta_spec.lua:1: ", "\"is right\" failed");
  assert_true(scene->milliseconds < 20000);
}

static void a_script_that_never_ends_in_its_spec_is_refused(void **state) {
  struct scene *scene = *state;
  write_file(
      scene, "plugins/mine.lua",
      "return { name = \"mine\", type = \"guardrail\", before_request = function()\n  while true do end\nend }\n");
  write_file(scene, "spec/plugins/mine_spec.lua",
             "it(\"x\", function() require(\"plugins.mine\").before_request() end)\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "plugins/mine.lua:2: ", "ran longer than");
}

static void a_spec_that_eats_memory_is_refused(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua",
             "it(\"eats\", function()\n  local t = {}\n  while true do t[#t + 1] = (\"x\"):rep(1e6) .. #t end\nend)\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "spec/plugins/mine_spec.lua:", "");
  says(scene, "not enough memory");
}

static void a_spec_cannot_leave_the_gate_early(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua", "it(\"leaves\", function() os.exit(0) end)\n");
  assert_int_equal(judge(scene, false), -1);
  write_file(scene, "spec/plugins/mine_spec.lua", "os.exit(true)\n");
  assert_int_equal(judge(scene, false), -1);
}

static void a_spec_without_a_test_counts_as_none(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/plugins/mine_spec.lua", "describe(\"nothing\", function() end)\n");
  assert_int_equal(judge(scene, false), 0);
  says(scene, "spec/plugins/mine_spec.lua has no test");
  spec_is(scene, "mine", "\"spec\":null");
}

static void specs_can_be_demanded(void **state) {
  struct scene *scene = *state;
  char config[96];
  write_file(scene, "gateway.yaml", "targets: auto\nscripts: { require_specs: true }\n");
  snprintf(config, sizeof config, "%s/gateway.yaml", scene->root);
  setenv("GATEWAY_CONFIG", config, 1);
  write_file(scene, "strategies/mine.lua", "return { name = \"mine\", choose = function(t) return t end }\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "strategies/mine.lua:1: ",
       "has no spec, and scripts.require_specs asks for one at spec/strategies/mine_spec.lua");
  write_file(scene, "spec/strategies/mine_spec.lua", "describe(\"nothing\", function() end)\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "spec/strategies/mine_spec.lua:1: ", "has no test");
  write_file(scene, "spec/strategies/mine_spec.lua", "it(\"is there\", function() end)\n");
  assert_int_equal(judge(scene, false), 0);
}

static void every_broken_script_is_told_at_once(void **state) {
  struct scene *scene = *state;
  char config[96];
  write_file(scene, "gateway.yaml", "targets: auto\nserver: { port: 010 }\n");
  snprintf(config, sizeof config, "%s/gateway.yaml", scene->root);
  setenv("GATEWAY_CONFIG", config, 1);
  write_file(scene, "strategies/a.lua", "return {\n  name = \"a\",\n  chose = function(t) return t end,\n}\n");
  write_file(scene, "strategies/b.lua", "return {\n  nonsense here\n}\n");
  write_file(scene, "strategies/c.lua", "local n = 0\nwhile true do n = n + 1 end\n");
  write_file(scene, "strategies/d.lua", "local t = {}\nwhile true do t[#t + 1] = (\"x\"):rep(1e6) .. #t end\n");
  write_file(scene, "strategies/e.lua", "local x = 1\n");
  write_file(scene, "admin/f.lua", "return {\n  models = 7,\n}\n");
  assert_int_equal(judge(scene, false), -1);
  told(scene, "strategies/a.lua:3: ", "unknown key \"chose\"; did you mean \"choose\"?");
  told(scene, "strategies/b.lua:2: ", "'}' expected (to close '{' at line 1) near 'here'");
  told(scene, "strategies/c.lua:2: ", "script ran longer than");
  told(scene, "strategies/d.lua:", "");
  told(scene, "strategies/e.lua:1: ", "returns nothing");
  told(scene, "admin/f.lua:2: ", "models must be a function");
  told(scene, "gateway.yaml:2:17: ", "server.port: must be a whole number, got 010");
}

static void specs_find_their_helpers_in_the_candidate(void **state) {
  struct scene *scene = *state;
  write_file(scene, "plugins/mine.lua", plugin);
  write_file(scene, "spec/support/helper.lua", "return 7\n");
  write_file(scene, "spec/plugins/mine_spec.lua",
             "it(\"x\", function() assert.are.equal(7, require \"spec.support.helper\") end)\n");
  assert_int_equal(judge(scene, false), 0);
  spec_is(scene, "mine", "\"passed\":1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_good_candidate_is_listed_with_what_its_specs_showed, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(only_what_changed_is_tested_again, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_changed_contract_judges_every_script_anew, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_failing_assertion_is_named_with_its_place, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_spec_that_cannot_be_read_is_refused_with_its_line, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_spec_that_never_ends_is_refused_and_the_others_run, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_script_that_never_ends_in_its_spec_is_refused, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_spec_that_eats_memory_is_refused, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_spec_cannot_leave_the_gate_early, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(a_spec_without_a_test_counts_as_none, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(specs_can_be_demanded, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(every_broken_script_is_told_at_once, scene_open, scene_close),
      cmocka_unit_test_setup_teardown(specs_find_their_helpers_in_the_candidate, scene_open, scene_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
