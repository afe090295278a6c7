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
#include <sys/mman.h>
#include <unistd.h>

#include "bindings/bind.h"
#include "process/worker.h"
#include "script/module.h"
#include "script/vm.h"

/* gateway.log and gateway.metrics in a VM whose worker has a log and metrics: what reaches the other side. */

#define UNUSED(x) (void)(x)

static struct worker worker;
static struct vm *vm;
static int log_fd;
static void *area;

void bind_log(lua_State *L);
void bind_metrics(lua_State *L);

static void open_doors(lua_State *L) {
  bind_log(L);
  bind_metrics(L);
}

static int set_up(void **state) {
  UNUSED(state);
  struct error error;
  log_fd = memfd_create("log", MFD_CLOEXEC);
  area = mmap(NULL, metrics_area_size(2), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  worker = (struct worker){.log = log_open(log_fd, LOG_INFO), .metrics = metrics_open(area, 2, 0)};
  vm = vm_open(&(struct vm_options){.host = &worker, .open_doors = open_doors, .privileged = true}, &error);
  if (!vm) return -1;
  lua_pushcfunction(vm_state(vm), module_require_by_hallway);
  lua_setglobal(vm_state(vm), "require");
  return 0;
}

static int tear_down(void **state) {
  UNUSED(state);
  vm_close(vm);
  metrics_close(worker.metrics);
  munmap(area, metrics_area_size(2));
  log_close(worker.log);
  close(log_fd);
  return 0;
}

static void run(const char *chunk) {
  lua_State *L = vm_state(vm);
  if (luaL_dostring(L, chunk) != 0) fail_msg("%s", lua_tostring(L, -1));
}

static void refused(const char *chunk, const char *message) {
  lua_State *L = vm_state(vm);
  if (luaL_dostring(L, chunk) == 0) fail_msg("not refused: %s", chunk);
  if (!strstr(lua_tostring(L, -1), message)) fail_msg("no \"%s\" in: %s", message, lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* What the log wrote, without the times; closes it. */
static char *logged(void) {
  static const char head[] = "{\"time\":\"2026-01-02T03:04:05.678Z\",";
  static char text[65536];
  log_close(worker.log);
  worker.log = NULL;
  ssize_t len = pread(log_fd, text, sizeof text - 1, 0);
  assert_true(len >= 0);
  text[len] = 0;
  if (len > 0) memmove(text, text + sizeof head - 1, (size_t)len - (sizeof head - 1) + 1);
  return text;
}

static void a_scripts_line_has_its_fields_as_they_are(void **state) {
  UNUSED(state);
  run("require('gateway.log').warn('slow', { ms = 12.5 })");
  assert_string_equal(logged(), "\"level\":\"warn\",\"msg\":\"slow\",\"ms\":12.5}\n");
}

static void all_three_kinds_of_value_are_written(void **state) {
  UNUSED(state);
  run("local log = require 'gateway.log' log.error('e', { a = 'x', b = 42, c = true })");
  const char *text = logged();
  assert_non_null(strstr(text, "\"a\":\"x\""));
  assert_non_null(strstr(text, "\"b\":42"));
  assert_non_null(strstr(text, "\"c\":true"));
}

static void a_scripts_message_cannot_forge_a_line_or_show_a_secret(void **state) {
  UNUSED(state);
  run("local log = require 'gateway.log' log.hide('K', 'canary-of-a-key')\n"
      "log.info('a\"}\\n{\"b\\0 canary-of-a-key sk-proj-abcdef')");
  assert_string_equal(logged(),
                      "\"level\":\"info\",\"msg\":\"a\\\"}\\n{\\\"b\\u0000 [REDACTED:K] "
                      "[REDACTED_OPENAI_KEY]\"}\n");
}

static void bad_arguments_raise_and_write_nothing(void **state) {
  UNUSED(state);
  refused("require('gateway.log').info()", "string");
  refused("require('gateway.log').info(5)", "string");
  refused("require('gateway.log').info('m', 5)", "table");
  refused("require('gateway.log').info('m', { 1 })", "names of log fields are strings");
  refused("require('gateway.log').info('m', { a = {} })", "log field a is a table");
  refused("require('gateway.log').info('m', { [''] = 1 })", "1 to 64 letters");
  refused("require('gateway.log').info('m', { ['a\"b'] = 1 })", "1 to 64 letters");
  refused("require('gateway.log').info('m', { [('k'):rep(65)] = 1 })", "1 to 64 letters");
  refused("require('gateway.log').info('m', { level = 1 })", "its own level");
  refused("require('gateway.log').debug('below the level', { a = {} })", "log field a is a table");
  run("require('gateway.log').debug('below the level', { [('k'):rep(64)] = 1 })");
  assert_string_equal(logged(), "");
}

static void assert_rendered(const char *expected) {
  run("text = require('gateway.metrics').render()");
  lua_getglobal(vm_state(vm), "text");
  const char *text = lua_tostring(vm_state(vm), -1);
  if (!strstr(text, expected)) fail_msg("no %s in %s", expected, text);
  lua_pop(vm_state(vm), 1);
}

static void a_handle_counts_sets_and_observes(void **state) {
  UNUSED(state);
  run("local metrics = require 'gateway.metrics'\n"
      "local retries = metrics.series('gateway_retries_total', 'a')\n"
      "retries:add() retries:add(2) retries:add(0)\n"
      "metrics.series('gateway_circuit_breaker_state', 'p'):set(2)\n"
      "metrics.series('gateway_request_duration_seconds', 'p', 'm'):observe(5000)");
  assert_rendered("gateway_retries_total{target=\"a\"} 3\n");
  assert_rendered("gateway_circuit_breaker_state{provider=\"p\"} 2\n");
  assert_rendered("gateway_request_duration_seconds_bucket{provider=\"p\",model=\"m\",le=\"0.005\"} 1\n");
}

static void what_does_not_fit_a_metric_raises(void **state) {
  UNUSED(state);
  run("metrics = require 'gateway.metrics' retries = metrics.series('gateway_retries_total', 'a')\n"
      "breaker = metrics.series('gateway_circuit_breaker_state', 'p')");
  refused("metrics.series('gateway_nothing')", "there is no metric gateway_nothing");
  refused("metrics.series('gateway_retries_total')", "metric gateway_retries_total has 1 labels, not 0");
  refused("metrics.series('gateway_retries_total', 'a', 'b', 'c', 'd', 'e')", "has 1 labels, not 5");
  refused("metrics.series('gateway_retries_total', {})", "string");
  refused("retries:observe(1)", "no histogram");
  refused("retries:set(1)", "no gauge");
  refused("breaker:add(1)", "no counter");
  refused("metrics.series('gateway_request_duration_seconds', 'p', 'm'):add(1)", "no counter");
  refused("retries:add(-1)", "out of range");
  refused("retries:add(0/0)", "out of range");
  refused("retries:add(1e300)", "out of range");
  refused("breaker:set(0/0)", "out of range");
  refused("retries.add(io.stdout, 1)", "gateway.metric");
  assert_rendered("gateway_retries_total{target=\"a\"} 0\n");
}

/* As in specs: arguments are checked, nothing is kept. */
static void without_log_and_metrics_the_doors_check_only(void **state) {
  UNUSED(state);
  struct metrics *metrics = worker.metrics;
  struct log *log = worker.log;
  worker.metrics = NULL;
  worker.log = NULL;
  run("require('gateway.log').info('m', { a = 1 })");
  refused("require('gateway.log').info('m', { a = {} })", "log field a is a table");
  run("local metrics = require 'gateway.metrics' local handle = metrics.series('gateway_retries_total', 'a') "
      "handle:add(1)");
  refused("require('gateway.metrics').series('gateway_retries_total', 'a'):set(1)", "no gauge");
  worker.metrics = metrics;
  worker.log = log;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_scripts_line_has_its_fields_as_they_are, set_up, tear_down),
      cmocka_unit_test_setup_teardown(all_three_kinds_of_value_are_written, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_scripts_message_cannot_forge_a_line_or_show_a_secret, set_up, tear_down),
      cmocka_unit_test_setup_teardown(bad_arguments_raise_and_write_nothing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_handle_counts_sets_and_observes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_does_not_fit_a_metric_raises, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_log_and_metrics_the_doors_check_only, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
