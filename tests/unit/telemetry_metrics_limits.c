// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>

#include "telemetry_support.h"

#define UNUSED(x) (void)(x)

static unsigned models_in(const char *text) {
  unsigned count = 0;
  for (const char *at = text; (at = strstr(at, "gateway_tokens_input_total{")); at++) count++;
  return count;
}

/* The sum over all series, line by line: what looks for the text's end each time takes minutes under sanitizers. */
static unsigned long long tokens_in(const char *text) {
  static const char name[] = "gateway_tokens_input_total{";
  unsigned long long sum = 0;
  for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
    if (strncmp(line, name, sizeof name - 1) != 0) continue;
    char value[24] = "";
    const char *at = strchr(line, '}') + 1;
    memcpy(value, at, (size_t)(end - at) < sizeof value ? (size_t)(end - at) : sizeof value - 1);
    sum += strtoull(value, NULL, 10);
  }
  return sum;
}

/* 100,000 invented names over two workers: 500 are kept in all, the rest is `other`, and no count is lost. */
static void the_500_first_values_of_a_label_are_kept_over_all_workers(void **state) {
  UNUSED(state);
  void *area = area_open(2);
  struct metrics *writers[2] = {metrics_open(area, 2, 0), metrics_open(area, 2, 1)};
  char model[32];
  for (int i = 0; i < 500; i++) {
    snprintf(model, sizeof model, "model-%d", i);
    metric_add(series(writers[i % 2], METRIC_TOKENS_IN, "p", model, ""), 1);
  }
  char *text = rendered(writers[0]);
  assert_int_equal(models_in(text), 500);
  assert_null(strstr(text, "other"));
  free(text);
  for (int i = 500; i < 100000; i++) {
    snprintf(model, sizeof model, "model-%d", i);
    metric_add(series(writers[i % 2], METRIC_TOKENS_IN, "p", model, ""), 1);
  }
  metric_add(series(writers[0], METRIC_TOKENS_IN, "p", "model-499", ""), 1);
  metric_add(series(writers[0], METRIC_TOKENS_IN, "q", "model-0", ""), 1); /* another label has its own 500 */
  text = rendered(writers[0]);
  assert_int_equal(models_in(text), 502);
  assert_non_null(strstr(text, "{provider=\"p\",model=\"other\"} 99500\n"));
  assert_non_null(strstr(text, "{provider=\"p\",model=\"model-499\"} 2\n"));
  assert_non_null(strstr(text, "{provider=\"q\",model=\"model-0\"} 1\n"));
  assert_non_null(strstr(text, "\ngateway_metrics_overflow_total 0\n"));
  free(text);
  metrics_close(writers[0]);
  metrics_close(writers[1]);
  area_close(area, 2);
}

static void values_of_250_bytes_are_kept_and_longer_ones_are_other(void **state) {
  UNUSED(state);
  void *area = area_open(1);
  struct metrics *metrics = metrics_open(area, 1, 0);
  char name[252], expected[320];
  memset(name, 'n', sizeof name);
  name[250] = 0;
  metric_add(series(metrics, METRIC_RETRIES, name, "", ""), 1);
  snprintf(expected, sizeof expected, "gateway_retries_total{target=\"%s\"} 1\n", name);
  assert_has(metrics, expected);
  name[250] = 'n';
  name[251] = 0;
  metric_add(series(metrics, METRIC_RETRIES, name, "", ""), 1);
  assert_has(metrics, "gateway_retries_total{target=\"other\"} 1\n");
  metrics_close(metrics);
  area_close(area, 1);
}

/* More combinations than the slot holds: the sum stays exact, what had no room is counted under `other`. */
static void a_full_table_loses_no_count(void **state) {
  UNUSED(state);
  void *area = area_open(1);
  struct metrics *metrics = metrics_open(area, 1, 0);
  char model[16], provider[16];
  enum { COMBINATIONS = 40000 };
  for (int i = 0; i < COMBINATIONS; i++) {
    snprintf(model, sizeof model, "m%d", i % 400);
    snprintf(provider, sizeof provider, "p%d", i / 400);
    metric_add(series(metrics, METRIC_TOKENS_IN, provider, model, ""), 1);
  }
  metric_observe(series(metrics, METRIC_DURATION, "new", "new", ""), 1);
  char *text = rendered(metrics);
  assert_int_equal(tokens_in(text), COMBINATIONS);
  unsigned long long overflow = value_of(text, "\ngateway_metrics_overflow_total ");
  assert_true(overflow > 1 && overflow < COMBINATIONS);
  assert_int_equal(value_of(text, "input_total{provider=\"other\",model=\"other\"} "), overflow - 1);
  assert_int_equal(value_of(text, "duration_seconds_count{provider=\"other\",model=\"other\"} "), 1);
  free(text);
  metrics_close(metrics);
  area_close(area, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_500_first_values_of_a_label_are_kept_over_all_workers),
      cmocka_unit_test(values_of_250_bytes_are_kept_and_longer_ones_are_other),
      cmocka_unit_test(a_full_table_loses_no_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
