// SPDX-License-Identifier: Apache-2.0
#include "http/peers.h"
#include "http/target.h"
#include "tests/unit/http_judge.h"

/* What a head says once it is accepted, and who must agree with it. */

static bool keeps_alive(const char *version, const char *fields) {
  struct buffer bytes = {0};
  struct http_head head;
  buffer_append_format(&bytes, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", version, fields);
  if (judge_whole(buffer_slice(&bytes), &head) != HTTP_ACCEPTED) fail_msg("refused: %s %s", version, fields);
  buffer_free(&bytes);
  return head.framing.keep_alive;
}

static void connection_tokens_are_trimmed_and_compared_whole(void **state) {
  (void)state;
  assert_true(keeps_alive("1.1", ""));
  assert_true(keeps_alive("1.1", "Connection: keep-alive\r\n"));
  assert_true(keeps_alive("1.1", "Connection: closed, x-close\r\n"));
  assert_false(keeps_alive("1.1", "Connection: close\r\n"));
  assert_false(keeps_alive("1.1", "Connection: close\t\r\n"));
  assert_false(keeps_alive("1.1", "Connection: CLOSE\r\n"));
  assert_false(keeps_alive("1.1", "Connection: keep-alive, close\r\n"));
  assert_false(keeps_alive("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  assert_false(keeps_alive("1.1", "Connection: close, x-api-key, authorization\r\n"));
  assert_false(keeps_alive("1.0", ""));
  assert_true(keeps_alive("1.0", "Connection: Keep-Alive\r\n"));
  assert_false(keeps_alive("1.0", "Connection: keep-alive, close\r\n"));
}

static void a_target_is_split_into_path_and_query(void **state) {
  (void)state;
  static const struct {
    struct slice target, authority, path, query;
  } rows[] = {
      {SLICE_LITERAL("/a?b?c"), SLICE_LITERAL(""), SLICE_LITERAL("/a"), SLICE_LITERAL("b?c")},
      {SLICE_LITERAL("/a?"), SLICE_LITERAL(""), SLICE_LITERAL("/a"), SLICE_LITERAL("")},
      {SLICE_LITERAL("http://h:1/a/b?c"), SLICE_LITERAL("h:1"), SLICE_LITERAL("/a/b"), SLICE_LITERAL("c")},
      {SLICE_LITERAL("http://h?a/b"), SLICE_LITERAL("h"), SLICE_LITERAL("/"), SLICE_LITERAL("a/b")},
      {SLICE_LITERAL("http://h"), SLICE_LITERAL("h"), SLICE_LITERAL("/"), SLICE_LITERAL("")},
      {SLICE_LITERAL("*"), SLICE_LITERAL(""), SLICE_LITERAL("*"), SLICE_LITERAL("")},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct http_target target;
    assert_int_equal(http_target_parse(rows[i].target, true, 128, &target), HTTP_ACCEPTED);
    assert_true(slice_equal(target.authority, rows[i].authority));
    assert_true(slice_equal(target.path, rows[i].path));
    assert_true(slice_equal(target.query, rows[i].query));
  }
}

static void a_head_that_llhttp_reads_differently_is_a_disagreement(void **state) {
  (void)state;
  struct slice bytes = SLICE_LITERAL("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  struct http_field fields[100];
  struct http_head head, other;
  struct http_parser *parser = http_parser_open();
  assert_int_equal(http_head_parse(bytes, &http_limits_default, fields, &head), HTTP_ACCEPTED);
  assert_true(http_parser_agrees(parser, bytes, &head));
  other = head, other.framing.length = 6;
  assert_false(http_parser_agrees(parser, bytes, &other));
  other = head, other.framing.has_length = false;
  assert_false(http_parser_agrees(parser, bytes, &other));
  other = head, other.framing.chunked = true;
  assert_false(http_parser_agrees(parser, bytes, &other));
  other = head, other.request.field_count = 1;
  assert_false(http_parser_agrees(parser, bytes, &other));
  other = head, other.request.minor = 0;
  assert_false(http_parser_agrees(parser, bytes, &other));
  other = head, other.request.method = SLICE_LITERAL("GET");
  assert_false(http_parser_agrees(parser, bytes, &other));
  other = head, other.target = SLICE_LITERAL("/b");
  assert_false(http_parser_agrees(parser, bytes, &other));
  assert_false(http_parser_agrees(parser, slice_make(bytes.ptr, bytes.len - 1), &head));
  assert_true(http_parser_agrees(parser, bytes, &head));
  bytes = SLICE_LITERAL("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert_int_equal(http_head_parse(bytes, &http_limits_default, fields, &head), HTTP_ACCEPTED);
  assert_true(http_parser_agrees(parser, bytes, &head));
  head.framing.keep_alive = true;
  assert_false(http_parser_agrees(parser, bytes, &head));
  http_parser_close(parser);
}

static void an_address_is_admitted_up_to_its_limit(void **state) {
  (void)state;
  struct http_peers peers = {0};
  unsigned char client[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
  unsigned char other[16] = {[0] = 0x20, [15] = 1};
  unsigned char loopback[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
  for (int i = 0; i < 3; i++) assert_true(http_peers_admit(&peers, client, 3));
  assert_false(http_peers_admit(&peers, client, 3));
  assert_true(http_peers_admit(&peers, other, 3));
  for (int i = 0; i < 9; i++) assert_true(http_peers_admit(&peers, loopback, 3));
  http_peers_release(&peers, client);
  assert_true(http_peers_admit(&peers, client, 3));
  assert_false(http_peers_admit(&peers, client, 3));
  assert_true(http_peers_admit(&peers, client, 0));
  for (int i = 0; i < 3; i++) http_peers_release(&peers, client);
  http_peers_release(&peers, client); /* no longer known */
  assert_true(http_peers_admit(&peers, client, 1));
  http_peers_free(&peers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(connection_tokens_are_trimmed_and_compared_whole),
      cmocka_unit_test(a_target_is_split_into_path_and_query),
      cmocka_unit_test(a_head_that_llhttp_reads_differently_is_a_disagreement),
      cmocka_unit_test(an_address_is_admitted_up_to_its_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
