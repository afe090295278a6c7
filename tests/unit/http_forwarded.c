// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "http/forwarded.h"
#include "tests/unit/http_judge.h"

/* Whom a request is taken to come from. `peer` connected; 10/8, loopback and 2001:db8:1::/48 are trusted. */

static struct slice client(const char *peer, const struct http_field *fields, unsigned count, char *text) {
  struct network networks[4];
  unsigned char address[16];
  assert_true(network_parse(SLICE_LITERAL("10.0.0.0/8"), &networks[0]));
  assert_true(network_parse(SLICE_LITERAL("127.0.0.0/8"), &networks[1]));
  assert_true(network_parse(SLICE_LITERAL("::1"), &networks[2]));
  assert_true(network_parse(SLICE_LITERAL("2001:db8:1::/48"), &networks[3]));
  assert_true(network_address_parse(slice_text(peer), address));
  http_forwarded_client(&(struct http_trust){networks, 4}, fields, count, address);
  bool v4 = network_is_v4(address);
  return slice_text(inet_ntop(v4 ? AF_INET : AF_INET6, address + (v4 ? 12 : 0), text, INET6_ADDRSTRLEN));
}

static void assert_client(const char *expected, const char *peer, const char *forwarded, const char *real) {
  char text[INET6_ADDRSTRLEN];
  struct http_field fields[2] = {0};
  unsigned count = 0;
  if (forwarded) fields[count++] = (struct http_field){SLICE_LITERAL("X-Forwarded-For"), slice_text(forwarded)};
  if (real) fields[count++] = (struct http_field){SLICE_LITERAL("x-real-ip"), slice_text(real)};
  assert_string_equal(expected, client(peer, fields, count, text).ptr);
}

static void a_stranger_is_who_it_is(void **state) {
  (void)state;
  assert_client("192.0.2.1", "192.0.2.1", NULL, NULL);
  assert_client("192.0.2.1", "192.0.2.1", "198.51.100.7", "198.51.100.8");
  assert_client("11.0.0.1", "11.0.0.1", "198.51.100.7", NULL);
  assert_client("2001:db8:2::1", "2001:db8:2::1", "198.51.100.7", NULL);
}

static void the_first_hop_from_the_right_that_is_not_trusted_is_the_client(void **state) {
  (void)state;
  assert_client("198.51.100.7", "10.1.1.1", "198.51.100.7", NULL);
  assert_client("198.51.100.7", "127.0.0.1", "203.0.113.9, 198.51.100.7 ,10.2.2.2", NULL);
  assert_client("198.51.100.7", "::1", "9.9.9.9,198.51.100.7, ::1,2001:db8:1::5", NULL);
  assert_client("2001:db8::9", "::ffff:10.0.0.1", "2001:db8::9", NULL);
  assert_client("198.51.100.7", "10.0.0.1", ",, 198.51.100.7,, ", NULL);
  assert_client("198.51.100.7", "10.0.0.1", "::ffff:198.51.100.7", NULL);
}

static void ports_and_brackets_are_understood(void **state) {
  (void)state;
  assert_client("198.51.100.7", "10.0.0.1", "198.51.100.7:51234", NULL);
  assert_client("2001:db8::9", "10.0.0.1", "[2001:db8::9]:443", NULL);
  assert_client("2001:db8::9", "10.0.0.1", "[2001:db8::9]", NULL);
}

static void nonsense_ends_the_walk_at_the_hop_before(void **state) {
  (void)state;
  static const char *const nonsense[] = {"unknown",
                                         "1.2.3",
                                         "1.2.3.4.5",
                                         "127.0.0.1:x",
                                         "127.0.0.1:123456",
                                         "[::1",
                                         "::1]",
                                         "[127.0.0.1]x",
                                         "300.1.1.1",
                                         "0x7f.0.0.1",
                                         "127.1",
                                         "\"::1",
                                         "fe80::1%25eth0",
                                         "-",
                                         "10.0.0.1 10.0.0.2",
                                         ":::",
                                         "[]",
                                         "[",
                                         ":80",
                                         "127.0.0.1:"};
  for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
    char list[128];
    snprintf(list, sizeof list, "198.51.100.7, %s", nonsense[i]);
    assert_client("10.0.0.1", "10.0.0.1", list, "198.51.100.8");
    snprintf(list, sizeof list, "198.51.100.7, %s, 10.9.9.9", nonsense[i]);
    assert_client("10.9.9.9", "10.0.0.1", list, NULL);
    assert_client("10.0.0.1", "10.0.0.1", NULL, nonsense[i]);
  }
}

static void the_other_header_counts_where_the_first_names_nobody(void **state) {
  (void)state;
  assert_client("198.51.100.8", "10.0.0.1", NULL, "198.51.100.8");
  assert_client("198.51.100.8", "10.0.0.1", "", "198.51.100.8");
  assert_client("198.51.100.8", "10.0.0.1", "10.0.0.3, 10.0.0.2", "198.51.100.8");
  assert_client("10.0.0.3", "10.0.0.1", "10.0.0.3, 10.0.0.2", NULL);
  assert_client("198.51.100.7", "10.0.0.1", "198.51.100.7", "198.51.100.8");
}

static void several_fields_are_one_list_and_two_claims_are_none(void **state) {
  (void)state;
  char text[INET6_ADDRSTRLEN];
  const struct http_field list[] = {{SLICE_LITERAL("x-forwarded-for"), SLICE_LITERAL("203.0.113.9, 198.51.100.7")},
                                    {SLICE_LITERAL("Accept"), SLICE_LITERAL("*/*")},
                                    {SLICE_LITERAL("X-FORWARDED-FOR"), SLICE_LITERAL("10.0.0.2")}};
  assert_string_equal("198.51.100.7", client("10.0.0.1", list, 3, text).ptr);
  const struct http_field claims[] = {{SLICE_LITERAL("X-Real-IP"), SLICE_LITERAL("203.0.113.9")},
                                      {SLICE_LITERAL("X-Real-IP"), SLICE_LITERAL("198.51.100.7")}};
  assert_string_equal("10.0.0.1", client("10.0.0.1", claims, 2, text).ptr);
}

static void a_long_chain_is_not_walked_for_ever(void **state) {
  (void)state;
  struct buffer list = {0};
  for (int i = 0; i < 2000; i++) buffer_append_format(&list, "10.0.0.%d,", i % 250 + 1);
  char text[INET6_ADDRSTRLEN];
  const struct http_field field = {SLICE_LITERAL("X-Forwarded-For"), buffer_slice(&list)};
  assert_memory_equal(client("10.0.0.1", &field, 1, text).ptr, "10.", 3);
  buffer_free(&list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stranger_is_who_it_is),
      cmocka_unit_test(the_first_hop_from_the_right_that_is_not_trusted_is_the_client),
      cmocka_unit_test(ports_and_brackets_are_understood),
      cmocka_unit_test(nonsense_ends_the_walk_at_the_hop_before),
      cmocka_unit_test(the_other_header_counts_where_the_first_names_nobody),
      cmocka_unit_test(several_fields_are_one_list_and_two_claims_are_none),
      cmocka_unit_test(a_long_chain_is_not_walked_for_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
