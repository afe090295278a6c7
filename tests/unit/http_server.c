// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_play.h"

/* The life of connections and requests. */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, body, length) "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n" body
#define CHUNKS(path, body) "POST " path " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" body

static void a_connection_serves_one_request_after_the_other(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  for (int i = 0; i < 3; i++) {
    CLIENT_SAY(&client, GET("/some/path"));
    struct answer answer = client_expect(&client, 200);
    assert_true(slice_equal(answer.body, SLICE_LITERAL("/some/path")));
    assert_true(answer_has(&answer, "HTTP/1.1 200 OK\r\nDate: "));
    assert_true(answer_has(&answer, " GMT\r\n"));
    assert_true(answer_has(&answer, "Content-Type: text/plain\r\n"));
    assert_true(answer_has(&answer, "X-Request-ID: 7\r\n"));
    assert_false(answer_has(&answer, "Connection:"));
    client_drop(&client, &answer);
    CLIENT_SAY(&client, POST("/echo", "hello", "5"));
    client_expect_body(&client, 200, SLICE_LITERAL("hello"));
  }
  assert_int_equal(play.ends, 6);
  assert_int_equal(play.last_sent, 5);
  assert_int_equal(http_server_counters(play.server)->accepted, 1);
  assert_int_equal(http_server_connections(play.server), 1);
  client_close(&client);
  PLAY_UNTIL(&play, http_server_connections(play.server) == 0);
  assert_int_equal(play.gones, 0);
  play_stop(&play);
}

static void hundred_pipelined_requests_are_answered_in_order(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  struct buffer requests = {0};
  for (int i = 0; i < 100; i++) {
    buffer_append_format(&requests, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", i);
  }
  client_send(&client, buffer_slice(&requests));
  for (int i = 0; i < 100; i++) {
    char path[8];
    snprintf(path, sizeof path, "/%d", i);
    client_expect_body(&client, 200, slice_text(path));
  }
  assert_int_equal(play.ends, 100);
  buffer_free(&requests);
  client_close(&client);
  play_stop(&play);
}

static void a_pipelined_request_waits_for_the_answer_before_it(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, GET("/hold") GET("/hold") GET("/c"));
  for (unsigned i = 1; i <= 2; i++) {
    PLAY_UNTIL(&play, play.held != NULL);
    play_wait(&play, 5);
    assert_int_equal(play.requests, i);
    play_respond(play.held, 200, SLICE_LITERAL("held"));
    assert_int_equal(play.ends, i - 1); /* never inside the call */
    client_expect_body(&client, 200, SLICE_LITERAL("held"));
  }
  client_expect_body(&client, 200, SLICE_LITERAL("/c"));
  assert_int_equal(play.ends, 3);
  client_close(&client);
  play_stop(&play);
}

/* Sends `bytes` in two pieces, cut at every place, and expects `body` each time. */
static void every_cut_check(struct slice bytes, struct slice body) {
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  for (size_t cut = 1; cut < bytes.len; cut++) {
    client_send(&client, slice_make(bytes.ptr, cut));
    play_wait(&play, 1);
    client_send(&client, slice_from(bytes, cut));
    client_expect_body(&client, 200, body);
  }
  assert_int_equal(play.ends, bytes.len - 1);
  client_close(&client);
  play_stop(&play);
}

static void every_byte_check(struct slice bytes, struct slice body) {
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < bytes.len; i++) client_send(&client, slice_make(bytes.ptr + i, 1));
    client_expect_body(&client, 200, body);
  }
  client_close(&client);
  play_stop(&play);
}

static void a_body_cut_at_every_byte_arrives_whole(void **state) {
  (void)state;
  static const struct slice sized = SLICE_LITERAL(POST("/echo", "0123456789", "10"));
  static const struct slice chunked =
      SLICE_LITERAL(CHUNKS("/echo", "3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\nHost: b\r\n\r\n"));
  every_cut_check(sized, SLICE_LITERAL("0123456789"));
  every_byte_check(sized, SLICE_LITERAL("0123456789"));
  every_cut_check(chunked, SLICE_LITERAL("abcde"));
  every_byte_check(chunked, SLICE_LITERAL("abcde"));
}

static void bytes_after_a_body_are_the_next_request(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, CHUNKS("/echo", "1\r\nx\r\n0\r\n\r\n") "\r\n" POST("/echo", "yy", "2") GET("/z"));
  client_expect_body(&client, 200, SLICE_LITERAL("x"));
  client_expect_body(&client, 200, SLICE_LITERAL("yy"));
  client_expect_body(&client, 200, SLICE_LITERAL("/z"));
  client_close(&client);
  play_stop(&play);
}

static void a_large_body_arrives_whole(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct buffer body = {0}, request = {0};
  for (unsigned i = 0; body.len < 5000000; i++) buffer_append_format(&body, "%u,", i * 2654435761u);
  buffer_append_format(&request, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", body.len);
  buffer_append_slice(&request, buffer_slice(&body));
  struct client client = client_open(&play);
  client_send(&client, buffer_slice(&request));
  client_expect_body(&client, 200, buffer_slice(&body));
  client_close(&client);
  buffer_free(&body);
  buffer_free(&request);
  play_stop(&play);
}

static void continue_is_sent_once_and_only_to_who_waits(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  struct answer answer = client_expect(&client, 100);
  assert_int_equal(play.requests, 0);
  client_drop(&client, &answer);
  CLIENT_SAY(&client, "ok");
  client_expect_body(&client, 200, SLICE_LITERAL("ok"));
  CLIENT_SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nat");
  client_expect_body(&client, 200, SLICE_LITERAL("at"));
  CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  client_close(&client);
  play_stop(&play);
}

static void a_refused_expectation_closes_without_continue(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "POST /refuse HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  struct answer answer = client_expect(&client, 401);
  assert_true(answer_has(&answer, "Connection: close\r\n"));
  client_expect_eof(&client);
  client_close(&client);
  client = client_open(&play);
  CLIENT_SAY(&client, "POST /x HTTP/1.1\r\nHost: a\r\nExpect: banana\r\nContent-Length: 2\r\n\r\n");
  client_expect_refusal(&client, 417, "expectation_failed");
  client_close(&client);
  assert_int_equal(play.requests, 0);
  assert_int_equal(play.ends, 2);
  play_stop(&play);
}

static void an_early_answer_drains_a_small_body(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, POST("/refuse", GET("/admin/keys"), "37") GET("/x"));
  client_expect_body(&client, 401, SLICE_LITERAL("no"));
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  CLIENT_SAY(&client, POST("/refuse", "half", "8"));
  client_expect_body(&client, 401, SLICE_LITERAL("no"));
  CLIENT_SAY(&client, "done" GET("/y"));
  client_expect_body(&client, 200, SLICE_LITERAL("/y"));
  assert_int_equal(play.ends, 4);
  client_close(&client);
  play_stop(&play);
}

static void an_early_answer_to_a_body_of_unknown_size_closes(void **state) {
  (void)state;
  static const struct slice requests[] = {SLICE_LITERAL(POST("/refuse", GET("/x"), "65537")),
                                          SLICE_LITERAL(CHUNKS("/refuse", "0\r\n\r\n") GET("/x"))};
  struct play play;
  play_start(&play);
  for (unsigned i = 0; i < 2; i++) {
    struct client client = client_open(&play);
    client_send(&client, requests[i]);
    struct answer answer = client_expect(&client, 401);
    assert_true(answer_has(&answer, "Connection: close\r\n"));
    client_drop(&client, &answer);
    client_expect_eof(&client);
    assert_int_equal(client.received.len, 0);
    client_close(&client);
  }
  assert_int_equal(play.requests, 0);
  play_stop(&play);
}

static void close_is_obeyed_and_what_follows_is_never_parsed(void **state) {
  (void)state;
  static const char *const values[] = {"close", "close\t", "CLOSE", "keep-alive, close"};
  struct play play;
  play_start(&play);
  for (unsigned i = 0; i < 4; i++) {
    struct client client = client_open(&play);
    struct buffer request = {0};
    buffer_append_format(&request, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n\r\n" GET("/y"), values[i]);
    client_send(&client, buffer_slice(&request));
    struct answer answer = client_expect(&client, 200);
    assert_true(answer_has(&answer, "Connection: close\r\n"));
    client_drop(&client, &answer);
    CLIENT_SAY(&client, GET("/z"));
    client_expect_eof(&client);
    assert_int_equal(client.received.len, 0);
    assert_false(client.reset);
    buffer_free(&request);
    client_close(&client);
  }
  assert_int_equal(play.requests, 4);
  PLAY_UNTIL(&play, http_server_connections(play.server) == 0);
  play_stop(&play);
}

static void malformed_requests_are_refused_and_the_connection_closes(void **state) {
  (void)state;
  static const struct {
    struct slice bytes;
    int status;
    const char *code;
  } rows[] = {
      {SLICE_LITERAL("GET / HTTP/1.1\r\n\r\n"), 400, "bad_request"},
      {SLICE_LITERAL("GET / HTTP/1.1\nHost: a\n\n"), 400, "bad_request"},
      {SLICE_LITERAL("\r\n\r\n\r\n" GET("/")), 400, "bad_request"},
      {SLICE_LITERAL("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), 501, "method_not_supported"},
      {SLICE_LITERAL("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "http_version_not_supported"},
      {SLICE_LITERAL("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"), 501,
       "transfer_encoding_not_supported"},
      {SLICE_LITERAL("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"),
       400, "ambiguous_framing"},
      {SLICE_LITERAL("HEAD / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n" GET("/")), 400, "bad_request"},
      {SLICE_LITERAL(CHUNKS("/", "0x5\r\nhello\r\n0\r\n\r\n")), 400, "bad_chunk"},
      {SLICE_LITERAL(CHUNKS("/", "5\r\nhelloXX0\r\n\r\n")), 400, "bad_chunk"},
      {SLICE_LITERAL(CHUNKS("/", "5\nhello\r\n0\r\n\r\n")), 400, "bad_chunk"},
      {SLICE_LITERAL(CHUNKS("/", "0\r\n\n")), 400, "bad_chunk"},
  };
  struct play play;
  play_start(&play);
  unsigned count = sizeof rows / sizeof *rows;
  for (unsigned i = 0; i < count; i++) {
    for (unsigned bytewise = 0; bytewise < 2; bytewise++) {
      struct client client = client_open(&play);
      size_t step = bytewise ? 1 : rows[i].bytes.len;
      for (size_t at = 0; at < rows[i].bytes.len; at += step)
        client_send(&client, slice_make(rows[i].bytes.ptr + at, step));
      bool head = slice_starts(rows[i].bytes, SLICE_LITERAL("HEAD"));
      if (head) client_expect_as(&client, true, rows[i].status);
      if (!head) client_expect_refusal(&client, rows[i].status, rows[i].code);
      client_close(&client);
    }
  }
  assert_int_equal(play.ends, 2 * count);
  assert_int_equal(play.requests, 0);
  assert_int_equal(play.gones, 0);
  play_stop(&play);
}

static void a_head_that_llhttp_refuses_is_refused_and_counted(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\t\r\n\r\nab");
  client_expect_refusal(&client, 400, "bad_request");
  assert_int_equal(http_server_counters(play.server)->disagreements, 1);
  assert_int_equal(play.heads, 0);
  client_close(&client);
  play_stop(&play);
}

static void garbage_after_a_request_is_refused_after_its_answer(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, GET("/x") "XXXXXXXXXXXXXXXXXXXX");
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  client_expect_refusal(&client, 400, "bad_request");
  assert_int_equal(play.requests, 1);
  client_close(&client);
  play_stop(&play);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_connection_serves_one_request_after_the_other),
      cmocka_unit_test(hundred_pipelined_requests_are_answered_in_order),
      cmocka_unit_test(a_pipelined_request_waits_for_the_answer_before_it),
      cmocka_unit_test(a_body_cut_at_every_byte_arrives_whole),
      cmocka_unit_test(bytes_after_a_body_are_the_next_request),
      cmocka_unit_test(a_large_body_arrives_whole),
      cmocka_unit_test(continue_is_sent_once_and_only_to_who_waits),
      cmocka_unit_test(a_refused_expectation_closes_without_continue),
      cmocka_unit_test(an_early_answer_drains_a_small_body),
      cmocka_unit_test(an_early_answer_to_a_body_of_unknown_size_closes),
      cmocka_unit_test(close_is_obeyed_and_what_follows_is_never_parsed),
      cmocka_unit_test(malformed_requests_are_refused_and_the_connection_closes),
      cmocka_unit_test(a_head_that_llhttp_refuses_is_refused_and_counted),
      cmocka_unit_test(garbage_after_a_request_is_refused_after_its_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
