// SPDX-License-Identifier: Apache-2.0
#include "upstream/address.h"
#include "upstream/origin.h"
#include "upstream/origin_url.h"
#include "upstream/proxy.h"
#include "upstream_peer.h"

/* Where calls go: addresses as text, proxies, ranges that are not the Internet. */

struct url_row {
  const char *text, *host;
  bool secure;
  unsigned port;
};

static const struct url_row GOOD[] = {
    {"http://example.com", "example.com", false, 80},
    {"https://example.com", "example.com", true, 443},
    {"HTTPS://API.Example.COM:8443", "api.example.com", true, 8443},
    {"http://127.0.0.1:1", "127.0.0.1", false, 1},
    {"http://[::1]:65535", "::1", false, 65535},
    {"https://[2001:DB8::1]", "2001:db8::1", true, 443},
    {"http://localhost:11434", "localhost", false, 11434},
    {"http://my_service:80", "my_service", false, 80},
    {"http://xn--bcher-kva.example", "xn--bcher-kva.example", false, 80},
    {"http://1and1.example", "1and1.example", false, 80},
    {"http://0x1.example", "0x1.example", false, 80},
};

static const char *const BAD[] = {
    "",
    "http://",
    "https://",
    "example.com",
    "//example.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "unix:/tmp/x",
    "http:/example.com",
    "http://example.com/",
    "http://example.com/v1",
    "http://example.com?x",
    "http://example.com#x",
    "http://u@example.com",
    "http://u:p@example.com",
    "http://example.com:80@evil",
    "http://example.com:",
    "http://example.com:0",
    "http://example.com:65536",
    "http://example.com:080800",
    "http://example.com:+80",
    "http://example.com:8o",
    "http://example.com:80:80",
    "http://example.com.",
    "http://.example.com",
    "http://exa..mple",
    "http://exa mple",
    "http://exa\tmple",
    "http://exa\\mple",
    "http://ex%61mple",
    "http://b\xc3\xbc"
    "cher.example",
    "http://-a.example",
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.1",
    "http://127.1",
    "http://0177.0.0.1",
    "http://127.0.0.1.",
    "http://127.0.0.256",
    "http://1.2.3",
    "http://[::1",
    "http://::1",
    "http://[127.0.0.1]",
    "http://[::1]x",
    "http://[fe80::1%25eth0]",
    "http://[]",
    "http://a.0x1",
    "http://a.9",
};

static void plain_addresses_are_understood(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
    struct origin_url url;
    struct error error;
    if (origin_url_parse(slice_text(GOOD[i].text), &url, &error) < 0) fail_msg("%s: %s", GOOD[i].text, error.message);
    assert_string_equal(url.host, GOOD[i].host);
    assert_int_equal(url.secure, GOOD[i].secure);
    assert_int_equal(url.port, GOOD[i].port);
  }
}

static void everything_else_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    struct origin_url url;
    struct error error;
    if (origin_url_parse(slice_text(BAD[i]), &url, &error) == 0) fail_msg("%s was taken", BAD[i]);
    assert_string_equal(error.code, "upstream_bad_origin");
    assert_null(strstr(error.message, "u:p"));
  }
  struct origin_url url;
  struct error error;
  assert_int_equal(origin_url_parse(slice_make("http://a\0b", 10), &url, &error), -1);
}

static void names_and_labels_have_their_lengths(void **state) {
  (void)state;
  struct origin_url url;
  struct error error;
  struct buffer text = {0};
  static const char label[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; /* 63 */
  buffer_append_format(&text, "http://%s.%s.%s.%.61s", label, label, label, label);              /* 253 */
  assert_int_equal(origin_url_parse(buffer_slice(&text), &url, &error), 0);
  buffer_append(&text, "a", 1);
  assert_int_equal(origin_url_parse(buffer_slice(&text), &url, &error), -1);
  buffer_clear(&text);
  buffer_append_format(&text, "http://%s", label);
  assert_int_equal(origin_url_parse(buffer_slice(&text), &url, &error), 0);
  buffer_append(&text, "a", 1);
  assert_int_equal(origin_url_parse(buffer_slice(&text), &url, &error), -1);
  buffer_free(&text);
}

static struct origin *get(struct stage *stage, struct origin_options options) {
  struct error error;
  struct origin *origin = origin_get(stage->upstream, &options, &error);
  assert_non_null(origin);
  return origin;
}

static void one_origin_per_distinct_key(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  struct origin *plain = get(&stage, (struct origin_options){.url = SLICE_LITERAL("http://a.test")});
  assert_ptr_equal(plain, get(&stage, (struct origin_options){.url = SLICE_LITERAL("HTTP://A.test:80")}));
  struct origin *secure = get(&stage, (struct origin_options){.url = SLICE_LITERAL("https://a.test")});
  struct origin_options insecure = {.url = SLICE_LITERAL("https://a.test"), .tls_insecure = true};
  struct origin_options http2 = {.url = SLICE_LITERAL("https://a.test"), .protocol = ORIGIN_HTTP2};
  struct origin_options public = {.url = SLICE_LITERAL("http://a.test"), .public_only = true};
  assert_ptr_not_equal(plain, secure);
  assert_ptr_not_equal(secure, get(&stage, insecure));
  assert_ptr_not_equal(secure, get(&stage, http2));
  assert_ptr_not_equal(plain, get(&stage, public));
  assert_ptr_not_equal(plain, get(&stage, (struct origin_options){.url = SLICE_LITERAL("http://a.test:81")}));
  assert_int_equal(secure->lane, ORIGIN_CLIENT);
  assert_int_equal(get(&stage, http2)->lane, ORIGIN_CURL);
  assert_string_equal(plain->authority, "a.test");
  assert_string_equal(plain->name, "a.test:80");
  struct origin *six = get(&stage, (struct origin_options){.url = SLICE_LITERAL("http://[::1]:8080")});
  assert_string_equal(six->authority, "[::1]:8080");
  assert_string_equal(six->host, "::1");
  stage_close(&stage);
}

static void proxies_apply_where_no_proxy_does_not_name_the_host(void **state) {
  (void)state;
  struct stage stage;
  struct upstream_options options = STAGE_OPTIONS;
  options.https_proxy = "http://user:secret@proxy.test:3128";
  options.no_proxy = "local.test, .corp.test,127.0.0.1";
  stage_open_with(&stage, &options);
  assert_int_equal(stage_origin(&stage, "https://api.test")->lane, ORIGIN_CURL);
  assert_int_equal(stage_origin(&stage, "http://api.test")->lane, ORIGIN_CLIENT);
  assert_int_equal(stage_origin(&stage, "https://local.test")->lane, ORIGIN_CLIENT);
  assert_int_equal(stage_origin(&stage, "https://x.corp.test")->lane, ORIGIN_CLIENT);
  assert_int_equal(stage_origin(&stage, "https://127.0.0.1")->lane, ORIGIN_CLIENT);
  assert_null(strstr(stage_origin(&stage, "https://api.test")->name, "secret"));
  stage_close(&stage);
}

static void no_proxy_names_hosts_and_domains(void **state) {
  (void)state;
  struct slice list = SLICE_LITERAL(" a.test , .b.test,,c");
  assert_true(proxy_exempt(list, SLICE_LITERAL("a.test")));
  assert_true(proxy_exempt(list, SLICE_LITERAL("x.a.test")));
  assert_true(proxy_exempt(list, SLICE_LITERAL("x.b.test")));
  assert_true(proxy_exempt(list, SLICE_LITERAL("c")));
  assert_false(proxy_exempt(list, SLICE_LITERAL("aa.test")));
  assert_false(proxy_exempt(list, SLICE_LITERAL("test")));
  assert_false(proxy_exempt(list, SLICE_LITERAL("bc")));
  assert_true(proxy_exempt(SLICE_LITERAL("x,*"), SLICE_LITERAL("anything.test")));
  assert_false(proxy_exempt((struct slice){0}, SLICE_LITERAL("a.test")));
}

static void a_proxy_that_is_no_address_is_refused_when_opening(void **state) {
  (void)state;
  static const char *const bad[] = {"ftp://p:1", "socks5://p:1", "http://p/x", "http://", "http://p q", "p#q"};
  struct loop loop;
  assert_int_equal(loop_open(&loop), 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct upstream_options options = STAGE_OPTIONS;
    struct error error;
    options.https_proxy = bad[i];
    assert_null(upstream_open(&loop, &options, &error));
    assert_string_equal(error.code, "upstream_bad_proxy");
  }
  assert_true(proxy_url_valid(SLICE_LITERAL("proxy.test:3128")));
  assert_true(proxy_url_valid(SLICE_LITERAL("http://u:p@proxy.test:3128/")));
  assert_int_equal(loop_close(&loop), 0);
}

static void a_ca_file_that_is_missing_is_said_when_opening(void **state) {
  (void)state;
  struct loop loop;
  struct upstream_options options = STAGE_OPTIONS;
  struct error error;
  options.ca_file = "/nonexistent/ca.pem";
  assert_int_equal(loop_open(&loop), 0);
  assert_null(upstream_open(&loop, &options, &error));
  assert_string_equal(error.code, "tls_ca_file");
  assert_int_equal(loop_close(&loop), 0);
}

static union address address_of(const char *text) {
  union address address;
  if (!address_parse(text, 80, &address)) fail_msg("%s", text);
  return address;
}

static const char *const INSIDE[] = {"0.0.0.0",
                                     "0.1.2.3",
                                     "10.0.0.1",
                                     "100.64.0.1",
                                     "100.127.255.255",
                                     "127.0.0.1",
                                     "169.254.169.254",
                                     "172.16.0.1",
                                     "172.31.9.9",
                                     "192.168.1.1",
                                     "192.0.2.1",
                                     "198.18.0.1",
                                     "203.0.113.9",
                                     "224.0.0.1",
                                     "255.255.255.255",
                                     "::",
                                     "::1",
                                     "::ffff:10.0.0.1",
                                     "64:ff9b::a00:1",
                                     "2002:a00:1::",
                                     "2001::1",
                                     "fc00::1",
                                     "fdff::1",
                                     "fe80::1",
                                     "febf::1",
                                     "ff02::1",
                                     "2001:db8::1",
                                     "::10.0.0.1"};
static const char *const OUTSIDE[] = {"1.1.1.1",         "9.255.255.255",  "11.0.0.0",    "100.63.255.255",
                                      "100.128.0.0",     "172.15.0.1",     "172.32.0.0",  "192.167.1.1",
                                      "2606:4700::1111", "::ffff:1.1.1.1", "2a00:1450::1"};

static void addresses_off_the_public_internet_are_known(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof INSIDE / sizeof *INSIDE; i++) {
    union address address = address_of(INSIDE[i]);
    if (!address_private(&address)) fail_msg("%s", INSIDE[i]);
  }
  for (size_t i = 0; i < sizeof OUTSIDE / sizeof *OUTSIDE; i++) {
    union address address = address_of(OUTSIDE[i]);
    if (address_private(&address) || address_impossible(&address)) fail_msg("%s", OUTSIDE[i]);
  }
  union address any = address_of("0.0.0.0"), loopback = address_of("127.0.0.1"), multicast = address_of("ff02::1");
  assert_true(address_impossible(&any));
  assert_true(address_impossible(&multicast));
  assert_false(address_impossible(&loopback));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_addresses_are_understood),
      cmocka_unit_test(everything_else_is_refused),
      cmocka_unit_test(names_and_labels_have_their_lengths),
      cmocka_unit_test(one_origin_per_distinct_key),
      cmocka_unit_test(proxies_apply_where_no_proxy_does_not_name_the_host),
      cmocka_unit_test(no_proxy_names_hosts_and_domains),
      cmocka_unit_test(a_proxy_that_is_no_address_is_refused_when_opening),
      cmocka_unit_test(a_ca_file_that_is_missing_is_said_when_opening),
      cmocka_unit_test(addresses_off_the_public_internet_are_known),
  };
  return cmocka_run_group_tests_name("upstream origin", tests, NULL, NULL);
}
