// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_play.h"

/* What a handler is given and what becomes of its answer. */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void a_request_is_handed_over_in_its_parts(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  client_expect_body(&client, 200, SLICE_LITERAL("*"));
  CLIENT_SAY(&client, "GET http://A/hold?x=%20&y HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Some:\t thing \r\n\r\n");
  PLAY_UNTIL(&play, play.held != NULL);
  const struct http_request *request = exchange_request(play.held);
  assert_true(slice_equal(request->method, SLICE_LITERAL("GET")));
  assert_true(slice_equal(request->query, SLICE_LITERAL("x=%20&y")));
  assert_int_equal(request->minor, 1);
  assert_int_equal(request->field_count, 3);
  assert_true(slice_equal(request->fields[1].name, SLICE_LITERAL("X-Empty")));
  assert_int_equal(request->fields[1].value.len, 0);
  assert_true(slice_equal(request->fields[2].value, SLICE_LITERAL("thing")));
  assert_false(request->has_body || exchange_answered(play.held));
  exchange_close_after(play.held);
  play_respond(play.held, 200, SLICE_LITERAL("ok"));
  client_expect_body(&client, 200, SLICE_LITERAL("ok"));
  client_expect_eof(&client);
  client_close(&client);
  play_stop(&play);
}

static void fields_that_would_change_the_framing_are_left_out(void **state) {
  (void)state;
  static const struct http_field fields[] = {
      {SLICE_LITERAL("Content-Length"), SLICE_LITERAL("99")},
      {SLICE_LITERAL("transfer-encoding"), SLICE_LITERAL("chunked")},
      {SLICE_LITERAL("Connection"), SLICE_LITERAL("upgrade")},
      {SLICE_LITERAL("X-Split"), SLICE_LITERAL("a\r\nSet-Cookie: b")},
      {SLICE_LITERAL("Bad Name"), SLICE_LITERAL("c")},
      {SLICE_LITERAL("X-Good"), SLICE_LITERAL("d")},
  };
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, GET("/hold"));
  PLAY_UNTIL(&play, play.held != NULL);
  struct slice pieces[20];
  for (unsigned i = 0; i < 20; i++) pieces[i] = SLICE_LITERAL("ab");
  exchange_respond(play.held, 999, fields, 6, (struct slice){0}, pieces, 20);
  struct answer answer = client_expect(&client, 500);
  assert_int_equal(answer.body.len, 40);
  assert_true(answer_has(&answer, "X-Good: d\r\n"));
  assert_false(answer_has(&answer, "99") || answer_has(&answer, "chunked") || answer_has(&answer, "upgrade"));
  assert_false(answer_has(&answer, "X-Split") || answer_has(&answer, "Cookie") || answer_has(&answer, "Bad Name"));
  client_close(&client);
  play_stop(&play);
}

static void head_204_and_304_send_no_body(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "HEAD /four HTTP/1.1\r\nHost: a\r\n\r\n");
  struct answer answer = client_expect_as(&client, true, 200);
  assert_true(answer_has(&answer, "Content-Length: 5\r\n"));
  client_drop(&client, &answer);
  assert_int_equal(play.last_sent, 0);
  CLIENT_SAY(&client, GET("/204") GET("/304") GET("/x"));
  answer = client_expect(&client, 204);
  assert_false(answer_has(&answer, "Content-Length"));
  client_drop(&client, &answer);
  answer = client_expect(&client, 304);
  assert_false(answer_has(&answer, "Content-Length"));
  client_drop(&client, &answer);
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  client_close(&client);
  play_stop(&play);
}

static void http_1_0_closes_unless_asked_to_stay(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  struct answer answer = client_expect(&client, 200);
  assert_true(answer_has(&answer, "Connection: keep-alive\r\n"));
  client_drop(&client, &answer);
  CLIENT_SAY(&client, "GET /b HTTP/1.0\r\n\r\n");
  client_expect_body(&client, 200, SLICE_LITERAL("/b"));
  client_expect_eof(&client);
  client_close(&client);
  play_stop(&play);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_is_handed_over_in_its_parts),
      cmocka_unit_test(fields_that_would_change_the_framing_are_left_out),
      cmocka_unit_test(head_204_and_304_send_no_body),
      cmocka_unit_test(http_1_0_closes_unless_asked_to_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
