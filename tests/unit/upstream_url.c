// SPDX-License-Identifier: Apache-2.0
#include "upstream/url.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

static bool allowed(const char *address, const char *rule) {
  struct url url;
  struct error error;
  if (url_parse(slice_text(address), &url, &error) < 0) fail_msg("%s: %s", address, error.message);
  return url_allowed(&url, slice_text(rule));
}

static void an_address_has_an_origin_and_a_target(void **state) {
  (void)state;
  struct url url;
  struct error error;
  assert_int_equal(url_parse(SLICE_LITERAL("https://Example.com:8443/a/b?c=d//e"), &url, &error), 0);
  assert_true(slice_equal(url.origin, SLICE_LITERAL("https://Example.com:8443")));
  assert_true(slice_equal(url.target, SLICE_LITERAL("/a/b?c=d//e")));
  assert_string_equal(url.host, "example.com");
  assert_int_equal(url.port, 8443);
  assert_true(url.secure && !url.loopback);
  assert_int_equal(url_parse(SLICE_LITERAL("http://[::1]"), &url, &error), 0);
  assert_true(slice_equal(url.target, SLICE_LITERAL("/")) && url.loopback && url.port == 80);
}

static void a_host_may_be_private_by_itself(void **state) {
  (void)state;
  static const char *const inside[] = {"http://127.0.0.1/",        "http://localhost:80/", "http://10.1.2.3/",
                                       "http://169.254.169.254/",  "http://[::1]/",        "http://[::ffff:10.0.0.1]/",
                                       "https://[fd00:ec2::254]/", "http://0.0.0.0/",      "http://[64:ff9b::7f00:1]/"};
  static const char *const outside[] = {"http://8.8.8.8/", "https://example.com/", "http://[2606:4700::1111]/"};
  struct url url;
  struct error error;
  for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
    assert_int_equal(url_parse(slice_text(inside[i]), &url, &error), 0);
    if (!url_private(&url)) fail_msg("%s is no private one", inside[i]);
  }
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
    assert_int_equal(url_parse(slice_text(outside[i]), &url, &error), 0);
    if (url_private(&url)) fail_msg("%s is a private one", outside[i]);
  }
}

static void what_can_be_read_in_two_ways_is_refused(void **state) {
  (void)state;
  static const char *const addresses[] = {"",
                                          ":",
                                          "https:",
                                          "https:/",
                                          "https://",
                                          "https:///x",
                                          "//example.com/",
                                          "javascript://x/",
                                          "https://a@b/",
                                          "https://a:b@c/",
                                          "https://example.com?x",
                                          "https://example.com#/x",
                                          "https://example.com:/",
                                          "https://example.com:80x/",
                                          "https://2130706433/",
                                          "https://0x7f000001/",
                                          "https://127.1/",
                                          "https://exam\\ple.com/"};
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    struct url url;
    struct error error = {0};
    if (url_parse(slice_text(addresses[i]), &url, &error) == 0) fail_msg("%s was taken", addresses[i]);
    assert_string_equal(error.code, "upstream_bad_origin");
  }
}

static void a_rule_names_a_host_whatever_the_port(void **state) {
  (void)state;
  assert_true(allowed("https://example.com/", "example.com"));
  assert_true(allowed("https://EXAMPLE.com:8443/", "Example.com"));
  assert_false(allowed("https://example.com.evil.org/", "example.com"));
  assert_false(allowed("https://sub.example.com/", "example.com"));
  assert_false(allowed("https://notexample.com/", "example.com"));
}

static void a_rule_with_a_port_means_that_port(void **state) {
  (void)state;
  assert_true(allowed("https://example.com/", "example.com:443"));
  assert_false(allowed("https://example.com:444/", "example.com:443"));
  assert_true(allowed("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443"));
  assert_false(allowed("https://[2001:db8::1]/", "[2001:db8::1]:8443"));
  assert_true(allowed("https://[2001:db8::1]/", "[2001:db8::1]"));
}

static void a_star_means_every_name_below(void **state) {
  (void)state;
  assert_true(allowed("https://a.example.com/", "*.example.com"));
  assert_true(allowed("https://a.b.example.com:1/", "*.example.com"));
  assert_false(allowed("https://example.com/", "*.example.com"));
  assert_false(allowed("https://aexample.com/", "*.example.com"));
  assert_false(allowed("https://a.example.com/", "*"));
  assert_false(allowed("https://a.example.com/", "*."));
  assert_false(allowed("https://a.example.com/", ""));
}

static void unencrypted_calls_are_for_loopback_or_said_so(void **state) {
  (void)state;
  assert_false(allowed("http://example.com/", "example.com"));
  assert_true(allowed("http://example.com/", "http://example.com"));
  assert_false(allowed("https://example.com/", "http://example.com"));
  assert_true(allowed("https://example.com/", "https://example.com"));
  assert_true(allowed("http://127.0.0.1:8080/", "127.0.0.1"));
  assert_true(allowed("http://127.9.9.9/", "127.9.9.9:80"));
  assert_true(allowed("http://localhost:1/", "localhost"));
  assert_true(allowed("http://[::1]:1/", "[::1]:1"));
  assert_false(allowed("http://127.0.0.1/", "https://127.0.0.1"));
  assert_false(allowed("http://127.0.0.1.example.com/", "127.0.0.1"));
  assert_false(allowed("http://169.254.169.254/", "169.254.169.254"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_address_has_an_origin_and_a_target),
      cmocka_unit_test(a_host_may_be_private_by_itself),
      cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
      cmocka_unit_test(a_rule_names_a_host_whatever_the_port),
      cmocka_unit_test(a_rule_with_a_port_means_that_port),
      cmocka_unit_test(a_star_means_every_name_below),
      cmocka_unit_test(unencrypted_calls_are_for_loopback_or_said_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
