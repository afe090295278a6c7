// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "telemetry_support.h"

#define UNUSED(x) (void)(x)

static const char expected_text[] =
    "# HELP gateway_requests_total Requests by outcome.\n"
    "# TYPE gateway_requests_total counter\n"
    "gateway_requests_total{provider=\"openai\",model=\"gpt-4o\",status=\"success\"} 3\n"
    "gateway_requests_total{provider=\"openai\",model=\"gpt-4o\",status=\"error\"} 1\n"
    "# HELP gateway_request_duration_seconds Time from a request's head to the end of its answer.\n"
    "# TYPE gateway_request_duration_seconds histogram\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"0.005\"} 1\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"0.01\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"0.025\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"0.05\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"0.1\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"0.25\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"0.5\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"1\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"2.5\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"5\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"10\"} 2\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"30\"} 3\n"
    "gateway_request_duration_seconds_bucket{provider=\"openai\",model=\"gpt-4o\",le=\"+Inf\"} 4\n"
    "gateway_request_duration_seconds_sum{provider=\"openai\",model=\"gpt-4o\"} 60.010002\n"
    "gateway_request_duration_seconds_count{provider=\"openai\",model=\"gpt-4o\"} 4\n"
    "# HELP gateway_request_cost_usd_total Cost of requests in US dollars.\n"
    "# TYPE gateway_request_cost_usd_total counter\n"
    "gateway_request_cost_usd_total{provider=\"openai\",model=\"gpt-4o\"} 0.0031\n"
    "# HELP gateway_circuit_breaker_state Circuit breaker: 0 closed, 1 open, 2 half-open.\n"
    "# TYPE gateway_circuit_breaker_state gauge\n"
    "gateway_circuit_breaker_state{provider=\"openai\"} 2\n"
    "# HELP gateway_generation Number of the generation that serves.\n"
    "# TYPE gateway_generation gauge\n"
    "gateway_generation 0\n"
    "# HELP gateway_log_lines_dropped_total Log lines dropped because their reader was too slow.\n"
    "# TYPE gateway_log_lines_dropped_total counter\n"
    "gateway_log_lines_dropped_total 0\n"
    "# HELP gateway_worker_restarts_total Workers replaced by the supervisor.\n"
    "# TYPE gateway_worker_restarts_total counter\n"
    "gateway_worker_restarts_total 0\n"
    "# HELP gateway_requests_detached_current Requests that go on although their client has left.\n"
    "# TYPE gateway_requests_detached_current gauge\n"
    "gateway_requests_detached_current 0\n"
    "# HELP gateway_loop_lag_seconds How late a worker's loop is, or how long what is ready waits for its turn.\n"
    "# TYPE gateway_loop_lag_seconds gauge\n"
    "gateway_loop_lag_seconds 0\n"
    "# HELP gateway_metrics_overflow_total Lookups of a series for which there was no room.\n"
    "# TYPE gateway_metrics_overflow_total counter\n"
    "gateway_metrics_overflow_total 0\n"
    "# HELP gateway_worker_up 1 while the worker's process lives.\n"
    "# TYPE gateway_worker_up gauge\n"
    "gateway_worker_up{worker=\"0\"} 1\n";

static void the_text_is_the_exposition_format_to_the_byte(void **state) {
  UNUSED(state);
  void *area = area_open(1);
  struct metrics *metrics = metrics_open(area, 1, 0);
  metric_add(series(metrics, METRIC_REQUESTS, "openai", "gpt-4o", "success"), 3);
  metric_add(series(metrics, METRIC_REQUESTS, "openai", "gpt-4o", "error"), 1);
  struct metric *duration = series(metrics, METRIC_DURATION, "openai", "gpt-4o", "");
  metric_observe(duration, 5000);     /* on a bound: inside it */
  metric_observe(duration, 5001);     /* a microsecond past it */
  metric_observe(duration, 30000000); /* the last bound */
  metric_observe(duration, 30000001); /* beyond all */
  metric_add(series(metrics, METRIC_COST, "openai", "gpt-4o", ""), 3100);
  metric_set(series(metrics, METRIC_BREAKER, "openai", "", ""), 2);
  char *text = rendered(metrics);
  char *process = strstr(text, "# HELP process_cpu_seconds_total");
  assert_non_null(process);
  *process = 0;
  assert_string_equal(text, expected_text);
  free(text);
  metrics_close(metrics);
  area_close(area, 1);
}

static void the_programs_own_figures_are_plausible(void **state) {
  UNUSED(state);
  void *area = area_open(2);
  struct metrics *metrics = metrics_open(area, 2, 0);
  char *text = rendered(metrics);
  double cpu, started;
  unsigned long long memory, files;
  assert_int_equal(sscanf(strstr(text, "\nprocess_cpu_seconds_total "), "\nprocess_cpu_seconds_total %lf", &cpu), 1);
  assert_int_equal(
      sscanf(strstr(text, "\nprocess_resident_memory_bytes "), "\nprocess_resident_memory_bytes %llu", &memory), 1);
  assert_int_equal(sscanf(strstr(text, "\nprocess_start_time_seconds "), "\nprocess_start_time_seconds %lf", &started),
                   1);
  assert_int_equal(sscanf(strstr(text, "\nprocess_open_fds "), "\nprocess_open_fds %llu", &files), 1);
  assert_true(cpu >= 0 && cpu < 3600);
  assert_true(memory > 500000);
  assert_true(started > 1e9);
  assert_true(files >= 3);
  int more = dup(0);
  char *again = rendered(metrics);
  char expected[64];
  snprintf(expected, sizeof expected, "\nprocess_open_fds %llu\n", files + 1);
  assert_non_null(strstr(again, expected));
  close(more);
  free(again);
  free(text);
  metrics_close(metrics);
  area_close(area, 2);
}

static void label_values_are_escaped(void **state) {
  UNUSED(state);
  void *area = area_open(1);
  struct metrics *metrics = metrics_open(area, 1, 0);
  metric_add(series(metrics, METRIC_RETRIES, "a\"b\\c\nd\xff\xe2\x82\xac", "", ""), 1);
  metric_add(series(metrics, METRIC_FAILOVERS, "", "", ""), 1);
  assert_has(metrics, "gateway_retries_total{target=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\xe2\x82\xac\"} 1\n");
  assert_has(metrics, "gateway_failovers_total{target=\"\"} 1\n");
  metrics_close(metrics);
  area_close(area, 1);
}

static void a_series_is_made_once_and_kept(void **state) {
  UNUSED(state);
  void *area = area_open(1);
  struct metrics *metrics = metrics_open(area, 1, 0);
  struct metric *first = series(metrics, METRIC_TOKENS_IN, "p", "m", "");
  for (int i = 0; i < 100; i++) {
    char model[8];
    snprintf(model, sizeof model, "m%d", i);
    assert_ptr_not_equal(series(metrics, METRIC_TOKENS_IN, "p", model, ""), first);
  }
  assert_ptr_equal(series(metrics, METRIC_TOKENS_IN, "p", "m", ""), first);
  assert_ptr_not_equal(series(metrics, METRIC_TOKENS_OUT, "p", "m", ""), first);
  assert_ptr_not_equal(series(metrics, METRIC_TOKENS_IN, "m", "p", ""), first);
  metrics_close(metrics);
  area_close(area, 1);
}

enum { WRITERS = 4, ROUNDS = 20000 };

static _Noreturn void writer_run(void *area, unsigned own) {
  struct metrics *metrics = metrics_open(area, WRITERS + 1, own);
  char model[16];
  for (int i = 0; i < ROUNDS; i++) { /* the same names in another order in every writer */
    snprintf(model, sizeof model, "m%d", (int)((unsigned)(i * 7 + 3) * (own + 1) % 50));
    metric_add(series(metrics, METRIC_REQUESTS, "p", model, "success"), 1);
    metric_observe(series(metrics, METRIC_DURATION, "p", "all", ""), 1000);
  }
  _exit(0);
}

/* A scrape in the middle of it all never shows a count that falls, nor a histogram whose parts disagree. */
static void four_processes_write_while_a_fifth_renders(void **state) {
  UNUSED(state);
  void *area = area_open(WRITERS + 1);
  struct metrics *metrics = metrics_open(area, WRITERS + 1, WRITERS);
  pid_t writers[WRITERS];
  for (unsigned i = 0; i < WRITERS; i++) {
    if ((writers[i] = fork()) == 0) writer_run(area, i);
  }
  unsigned long long last = 0;
  for (int i = 0; i < 200; i++) {
    char *text = rendered(metrics);
    unsigned long long count = value_of(text, "seconds_count{provider=\"p\",model=\"all\"} ");
    assert_true(count >= last);
    assert_int_equal(count, value_of(text, "model=\"all\",le=\"+Inf\"} "));
    last = count;
    free(text);
  }
  for (unsigned i = 0; i < WRITERS; i++) {
    int status;
    assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
    assert_int_equal(status, 0);
  }
  char *text = rendered(metrics);
  unsigned long long sum = 0;
  unsigned names = 0;
  for (const char *at = text; (at = strstr(at, "status=\"success\"} ")); names++) {
    at += strlen("status=\"success\"} ");
    sum += strtoull(at, NULL, 10);
  }
  assert_int_equal(sum, WRITERS * ROUNDS);
  assert_int_equal(names, 50);
  assert_int_equal(value_of(text, "seconds_count{provider=\"p\",model=\"all\"} "), WRITERS * ROUNDS);
  assert_non_null(strstr(text, "seconds_sum{provider=\"p\",model=\"all\"} 80\n"));
  free(text);
  metrics_close(metrics);
  area_close(area, WRITERS + 1);
}

static void a_replaced_worker_goes_on_counting_but_not_its_connections(void **state) {
  UNUSED(state);
  void *area = area_open(3);
  struct metrics *first = metrics_open(area, 3, 0), *second = metrics_open(area, 3, 1);
  metric_add(series(first, METRIC_TOKENS_IN, "p", "m", ""), 10);
  metric_add(series(second, METRIC_TOKENS_IN, "p", "m", ""), 5);
  metric_set(series(first, METRIC_CONNECTIONS, "active", "", ""), 7);
  metric_set(series(second, METRIC_CONNECTIONS, "active", "", ""), 2);
  assert_has(second, "gateway_server_connections_current{state=\"active\"} 9\n");
  metrics_close(first);
  first = metrics_open(area, 3, 0);
  assert_has(second, "gateway_server_connections_current{state=\"active\"} 2\n");
  metric_add(series(first, METRIC_TOKENS_IN, "p", "m", ""), 1);
  assert_has(second, "gateway_tokens_input_total{provider=\"p\",model=\"m\"} 16\n");
  metrics_close(first);
  metrics_close(second);
  area_close(area, 3);
}

static void a_gauge_that_nobody_writes_any_more_is_gone(void **state) {
  UNUSED(state);
  void *area = area_open(2);
  struct metrics *first = metrics_open(area, 2, 0), *second = metrics_open(area, 2, 1);
  struct buffer text = {0};
  metric_set(series(first, METRIC_TARGET_UP, "gone", "", ""), 1);
  metric_set(series(first, METRIC_TARGET_UP, "there", "", ""), 1);
  metric_set(series(first, METRIC_GENERATION, "", "", ""), 7);
  metric_add(series(first, METRIC_TOKENS_IN, "p", "m", ""), 1);
  uint64_t since = metrics_moment();
  metric_set(series(second, METRIC_TARGET_UP, "there", "", ""), 0);
  metrics_render(first, since, &text);
  buffer_append(&text, "", 1);
  assert_null(strstr(text.data, "gateway_target_up{target=\"gone\"}"));
  assert_non_null(strstr(text.data, "gateway_target_up{target=\"there\"} 0\n"));
  assert_non_null(strstr(text.data, "gateway_generation 7\n"));
  assert_non_null(strstr(text.data, "gateway_tokens_input_total"));
  assert_has(first, "gateway_target_up{target=\"gone\"} 1\n");
  buffer_free(&text);
  metrics_close(first);
  metrics_close(second);
  area_close(area, 2);
}

static void a_breakers_state_is_the_one_written_last(void **state) {
  UNUSED(state);
  void *area = area_open(2);
  struct metrics *first = metrics_open(area, 2, 0), *second = metrics_open(area, 2, 1);
  metric_set(series(second, METRIC_BREAKER, "p", "", ""), 1);
  metric_set(series(first, METRIC_BREAKER, "p", "", ""), 2);
  assert_has(second, "gateway_circuit_breaker_state{provider=\"p\"} 2\n");
  metric_set(series(second, METRIC_BREAKER, "p", "", ""), 0);
  assert_has(first, "gateway_circuit_breaker_state{provider=\"p\"} 0\n");
  metrics_close(first);
  metrics_close(second);
  area_close(area, 2);
}

static void a_dead_worker_is_down_and_its_replacement_up(void **state) {
  UNUSED(state);
  void *area = area_open(3);
  struct metrics *metrics = metrics_open(area, 3, 2);
  int ready[2];
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    metrics_open(area, 3, 1);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte;
  assert_int_equal(read(ready[0], &byte, 1), 1);
  assert_has(metrics, "gateway_worker_up{worker=\"0\"} 0\ngateway_worker_up{worker=\"1\"} 1\n# HELP");
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  assert_has(metrics, "gateway_worker_up{worker=\"1\"} 0\n");
  struct metrics *replacement = metrics_open(area, 3, 1);
  assert_has(metrics, "gateway_worker_up{worker=\"1\"} 1\n");
  metrics_close(replacement);
  metrics_close(metrics);
  close(ready[0]);
  close(ready[1]);
  area_close(area, 3);
}

static void families_are_known_by_name(void **state) {
  UNUSED(state);
  enum metrics_family family;
  assert_true(metrics_family_parse(SLICE_LITERAL("gateway_requests_total"), &family));
  assert_int_equal(family, METRIC_REQUESTS);
  assert_int_equal(metrics_label_count(family), 3);
  assert_false(metrics_is_histogram(family) || metrics_is_gauge(family));
  assert_true(metrics_family_parse(SLICE_LITERAL("gateway_request_duration_seconds"), &family));
  assert_true(metrics_is_histogram(family));
  assert_true(metrics_family_parse(SLICE_LITERAL("gateway_circuit_breaker_state"), &family));
  assert_true(metrics_is_gauge(family));
  assert_false(metrics_family_parse(SLICE_LITERAL("gateway_requests"), &family));
  assert_false(metrics_family_parse(SLICE_LITERAL(""), &family));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_text_is_the_exposition_format_to_the_byte),
      cmocka_unit_test(the_programs_own_figures_are_plausible),
      cmocka_unit_test(label_values_are_escaped),
      cmocka_unit_test(a_series_is_made_once_and_kept),
      cmocka_unit_test(four_processes_write_while_a_fifth_renders),
      cmocka_unit_test(a_replaced_worker_goes_on_counting_but_not_its_connections),
      cmocka_unit_test(a_gauge_that_nobody_writes_any_more_is_gone),
      cmocka_unit_test(a_breakers_state_is_the_one_written_last),
      cmocka_unit_test(a_dead_worker_is_down_and_its_replacement_up),
      cmocka_unit_test(families_are_known_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
