// SPDX-License-Identifier: Apache-2.0
#include "shared_cells.h"

/* What upstreams say of their limits, and how long they take. */

static void note(struct health_quota *quota, const char *name, const char *value) {
  assert_true(health_quota_reads(slice_text(name)));
  health_quota_note(quota, slice_text(name), slice_text(value), NOW, 1767225600 /* 2026-01-01T00:00:00Z */);
}

static bool is(double value, double wanted) {
  return value > wanted - 0.001 && value < wanted + 0.001;
}

static void openai_says_it_in_numbers_and_spans(void **state) {
  UNUSED(state);
  struct health_quota quota = {0};
  note(&quota, "x-ratelimit-limit-requests", "60");
  note(&quota, "X-RateLimit-Remaining-Requests", "45");
  note(&quota, "x-ratelimit-reset-requests", "1m30.5s");
  note(&quota, "x-ratelimit-limit-tokens", "150000");
  note(&quota, "x-ratelimit-remaining-tokens", "15000");
  note(&quota, "x-ratelimit-reset-tokens", "6ms");
  struct health_quota_view view = health_quota_read(&quota, NOW);
  assert_true(is(view.limit[QUOTA_REQUESTS], 60) && is(view.remaining[QUOTA_REQUESTS], 45));
  assert_true(is(view.share, 0.1));
  assert_true(is(view.reset_ms, 90500));
  view = health_quota_read(&quota, NOW + 6); /* the tokens are there again */
  assert_true(is(view.share, 0.75));
  assert_true(is(view.remaining[QUOTA_TOKENS], -1));
  view = health_quota_read(&quota, NOW + 90500);
  assert_true(is(view.share, -1) && is(view.reset_ms, -1));
}

static void anthropic_says_it_in_dates(void **state) {
  UNUSED(state);
  struct health_quota quota = {0};
  note(&quota, "anthropic-ratelimit-requests-limit", "50");
  note(&quota, "anthropic-ratelimit-requests-remaining", "0");
  note(&quota, "anthropic-ratelimit-requests-reset", "2026-01-01T00:01:00Z");
  struct health_quota_view view = health_quota_read(&quota, NOW);
  assert_true(is(view.share, 0));
  assert_true(is(view.reset_ms, 60000));
  note(&quota, "anthropic-ratelimit-requests-reset", "2020-01-01T00:00:00Z"); /* over already */
  assert_true(is(health_quota_read(&quota, NOW).share, -1));
}

static void what_is_no_number_is_passed_over(void **state) {
  UNUSED(state);
  static const char *const odd[] = {"", "-5", "many", "1e9", "6m0s", "99999999999999999999", " "};
  static const char *const odder[] = {"",
                                      "soon",
                                      "-1s",
                                      "1x",
                                      "s",
                                      "nan",
                                      "inf",
                                      "1e400s",
                                      "2026-13-99T99:99:99Z",
                                      "999999999999999999999999999999999999999999999s"};
  struct health_quota quota = {0};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) note(&quota, "x-ratelimit-limit-requests", odd[i]);
  for (size_t i = 0; i < sizeof odder / sizeof *odder; i++) note(&quota, "x-ratelimit-reset-requests", odder[i]);
  struct health_quota_view view = health_quota_read(&quota, NOW);
  assert_true(is(view.limit[QUOTA_REQUESTS], -1));
  assert_true(is(view.reset_ms, -1));
  note(&quota, "x-ratelimit-limit-requests", "999999999999");
  assert_true(health_quota_read(&quota, NOW).limit[QUOTA_REQUESTS] > 4e9);
  assert_false(health_quota_reads(slice_text("x-request-id")));
  assert_false(health_quota_reads(slice_text("x-ratelimit")));
}

static void an_average_follows_and_forgets(void **state) {
  UNUSED(state);
  struct health_average average = {0};
  assert_true(is(health_average_read(&average, NOW).ms, -1));
  health_average_add(&average, 100, NOW);
  assert_true(is(health_average_read(&average, NOW).ms, 100));
  for (unsigned i = 0; i < 8; i++) health_average_add(&average, 1000, NOW);
  assert_true(health_average_read(&average, NOW).ms > 800);
  assert_int_equal(health_average_read(&average, NOW).samples, 9);
  health_average_add(&average, 10, NOW + 90000); /* after a long silence the new one counts nine tenths */
  assert_true(health_average_read(&average, NOW).ms < 120);
  assert_true(health_average_read(&average, NOW + 91000).age_ms >= 900);
}

static void a_quantile_is_good_to_a_tenth(void **state) {
  UNUSED(state);
  for (double scale = 1; scale < 1e6; scale *= 7) {
    struct health_histogram histogram = {0};
    for (unsigned i = 1; i <= 1000; i++) health_histogram_add(&histogram, scale * i / 100);
    double p95 = health_histogram_quantile(&histogram, 0.95);
    assert_true(p95 > scale * 9.5 * 0.88 && p95 < scale * 9.5 * 1.12);
  }
}

static void a_histogram_forgets(void **state) {
  UNUSED(state);
  struct health_histogram histogram = {0};
  assert_true(is(health_histogram_quantile(&histogram, 0.95), -1));
  for (unsigned i = 0; i < 5000; i++) health_histogram_add(&histogram, 10);
  for (unsigned i = 0; i < 1500; i++) health_histogram_add(&histogram, 5000);
  assert_true(health_histogram_quantile(&histogram, 0.5) > 4000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(openai_says_it_in_numbers_and_spans), cmocka_unit_test(anthropic_says_it_in_dates),
      cmocka_unit_test(what_is_no_number_is_passed_over),    cmocka_unit_test(an_average_follows_and_forgets),
      cmocka_unit_test(a_quantile_is_good_to_a_tenth),       cmocka_unit_test(a_histogram_forgets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
