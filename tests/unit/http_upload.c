// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_play.h"

/* Bodies that the handler takes as they come. */

#define UPLOAD "POST /upload HTTP/1.1\r\nHost: a\r\n"
#define SIZED(length) UPLOAD "Content-Length: " length "\r\n\r\n"
#define CHUNKED UPLOAD "Transfer-Encoding: chunked\r\n\r\n"
#define GET_NEXT "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

static void expect_taken(struct play *play, struct slice body) {
  PLAY_UNTIL(play, play->body_whole);
  assert_true(slice_equal(buffer_slice(&play->body), body));
}

static void upload_wait(struct play *play) {
  PLAY_UNTIL(play, play->held != NULL);
}

static void a_body_comes_in_pieces_from_its_head_on(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, SIZED("10") "12345");
  upload_wait(&play);
  assert_int_equal(exchange_request(play.held)->body_length, 10);
  play_wait(&play, 5);
  assert_int_equal(play.pieces, 0); /* it begins paused */
  exchange_body_resume(play.held);
  PLAY_UNTIL(&play, play.body.len == 5);
  CLIENT_SAY(&client, "67890" GET_NEXT);
  expect_taken(&play, SLICE_LITERAL("1234567890"));
  play_respond(play.held, 200, SLICE_LITERAL("got it"));
  client_expect_body(&client, 200, SLICE_LITERAL("got it"));
  client_expect_body(&client, 200, SLICE_LITERAL("/next"));
  client_close(&client);
  play_stop(&play);
}

static void chunks_are_taken_apart_however_they_are_cut(void **state) {
  (void)state;
  struct slice wire = SLICE_LITERAL("3;x=y\r\nabc\r\n1\r\nd\r\n0a\r\n0123456789\r\n0\r\nX-Trailer: dropped\r\n\r\n");
  struct play play;
  play_start(&play);
  for (size_t split = 0; split <= wire.len; split++) {
    struct client client = client_open(&play);
    play.body_whole = false;
    buffer_clear(&play.body);
    CLIENT_SAY(&client, CHUNKED);
    upload_wait(&play);
    exchange_body_resume(play.held);
    client_send(&client, slice_make(wire.ptr, split));
    play_turn(&play);
    client_send(&client, slice_from(wire, split));
    CLIENT_SAY(&client, GET_NEXT);
    expect_taken(&play, SLICE_LITERAL("abcd0123456789"));
    play_respond(play.held, 200, SLICE_LITERAL("ok"));
    client_expect_body(&client, 200, SLICE_LITERAL("ok"));
    client_expect_body(&client, 200, SLICE_LITERAL("/next"));
    client_close(&client);
  }
  play_stop(&play);
}

static void no_limit_is_on_the_size_of_what_streams(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.limits.body = 10;
  play_open(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, SIZED("11") "12345678901");
  upload_wait(&play);
  exchange_body_resume(play.held);
  expect_taken(&play, SLICE_LITERAL("12345678901"));
  play_respond(play.held, 200, SLICE_LITERAL("ok"));
  client_expect_body(&client, 200, SLICE_LITERAL("ok"));
  CLIENT_SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  client_expect_refusal(&client, 413, "request_too_large");
  client_close(&client);
  play_stop(&play);
}

static void a_pause_holds_the_client_back(void **state) {
  (void)state;
  enum { MANY = 8 << 20 };
  struct play play;
  play_start(&play);
  play.pause_each = true;
  struct client client = client_open(&play);
  CLIENT_SAY(&client, SIZED("8388608"));
  upload_wait(&play);
  char *bytes = calloc(1, MANY);
  assert_non_null(bytes);
  size_t sent = 0;
  for (int idle = 0; idle < 50;) { /* until the kernel's buffers are full, too */
    ssize_t count = send(client.fd, bytes, MANY - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    idle = count > 0 ? 0 : idle + 1;
    if (count > 0) sent += (size_t)count;
    play_wait(&play, 1);
  }
  assert_true(sent < MANY);
  assert_int_equal(play.pieces, 0);
  while (!play.body_whole) {
    ssize_t count = send(client.fd, bytes, MANY - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) sent += (size_t)count;
    exchange_body_resume(play.held);
    play_turn(&play);
  }
  assert_int_equal(play.body.len, MANY);
  assert_in_range(play.largest_piece, 1, 128 * 1024);
  play_respond(play.held, 200, SLICE_LITERAL("ok"));
  client_expect_body(&client, 200, SLICE_LITERAL("ok"));
  free(bytes);
  client_close(&client);
  play_stop(&play);
}

static void the_hundred_comes_when_the_body_is_wanted(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, UPLOAD "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  upload_wait(&play);
  play_wait(&play, 5);
  client_receive(&client);
  assert_int_equal(client.received.len, 0);
  exchange_body_resume(play.held);
  struct answer answer = client_expect(&client, 100);
  client_drop(&client, &answer);
  CLIENT_SAY(&client, "abc");
  expect_taken(&play, SLICE_LITERAL("abc"));
  play_respond(play.held, 200, SLICE_LITERAL("ok"));
  client_expect_body(&client, 200, SLICE_LITERAL("ok"));
  client_close(&client);
  play_stop(&play);
}

static void who_did_not_wait_for_the_hundred_gets_none(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, UPLOAD "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nab");
  upload_wait(&play);
  exchange_body_resume(play.held);
  CLIENT_SAY(&client, "c");
  expect_taken(&play, SLICE_LITERAL("abc"));
  play_respond(play.held, 200, SLICE_LITERAL("ok"));
  client_expect_body(&client, 200, SLICE_LITERAL("ok"));
  client_close(&client);
  play_stop(&play);
}

static void an_answer_before_the_hundred_closes(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, UPLOAD "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  upload_wait(&play);
  play_respond(play.held, 401, SLICE_LITERAL("no"));
  struct answer answer = client_expect(&client, 401);
  assert_true(answer_has(&answer, "Connection: close\r\n"));
  client_drop(&client, &answer);
  client_expect_eof(&client);
  client_close(&client);
  play_stop(&play);
}

static void what_is_left_of_a_small_body_is_thrown_away(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, SIZED("10") "1234");
  upload_wait(&play);
  exchange_body_resume(play.held);
  PLAY_UNTIL(&play, play.body.len == 4);
  play_respond(play.held, 400, SLICE_LITERAL("no"));
  client_expect_body(&client, 400, SLICE_LITERAL("no"));
  CLIENT_SAY(&client, "567890" GET_NEXT);
  client_expect_body(&client, 200, SLICE_LITERAL("/next"));
  assert_int_equal(play.body.len, 4);
  client_close(&client);
  play_stop(&play);
}

static void an_early_answer_to_a_large_body_arrives_and_closes(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, SIZED("100000000") "12345");
  upload_wait(&play);
  exchange_body_resume(play.held);
  PLAY_UNTIL(&play, play.body.len == 5);
  exchange_stream_begin(play.held, 413, NULL, 0, (struct slice){0});
  exchange_stream_write(play.held, SLICE_LITERAL("too much"));
  exchange_stream_end(play.held, true);
  char *more = calloc(1, 1 << 20);
  client_send(&client, slice_make(more, 1 << 20)); /* nobody resets it for sending on */
  struct answer answer = client_expect(&client, 413);
  assert_true(answer_has(&answer, "Connection: close\r\n"));
  client_drop(&client, &answer);
  client_expect_eof(&client);
  assert_false(client.reset);
  assert_int_equal(play.body.len, 5);
  assert_int_equal(play.requests, 1);
  free(more);
  client_close(&client);
  play_stop(&play);
}

static void an_answer_may_stream_while_the_body_does(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, CHUNKED "3\r\nabc\r\n");
  upload_wait(&play);
  exchange_body_resume(play.held);
  PLAY_UNTIL(&play, play.body.len == 3);
  exchange_stream_begin(play.held, 200, NULL, 0, (struct slice){0});
  exchange_stream_write(play.held, SLICE_LITERAL("one"));
  CLIENT_SAY(&client, "3\r\ndef\r\n0\r\n\r\n");
  expect_taken(&play, SLICE_LITERAL("abcdef"));
  exchange_stream_write(play.held, SLICE_LITERAL("two"));
  exchange_stream_end(play.held, true);
  client_expect_body(&client, 200, SLICE_LITERAL("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
  client_expect_eof(&client); /* it was promised when the body was not over yet */
  client_close(&client);
  play_stop(&play);
}

static void a_malformed_body_is_refused_once_and_never_whole(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, CHUNKED "3\r\nabcX");
  upload_wait(&play);
  exchange_body_resume(play.held);
  client_expect_refusal(&client, 400, "bad_chunk");
  assert_false(play.body_whole);
  assert_int_equal(play.ends, 1);
  client_close(&client);
  play_stop(&play);
}

static void a_malformed_body_behind_a_begun_answer_cuts_it(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, CHUNKED "3\r\nabc\r\n");
  upload_wait(&play);
  exchange_body_resume(play.held);
  PLAY_UNTIL(&play, play.body.len == 3);
  exchange_stream_begin(play.held, 200, NULL, 0, (struct slice){0});
  exchange_stream_write(play.held, SLICE_LITERAL("one"));
  CLIENT_SAY(&client, "zz\r\n");
  client_expect_eof(&client);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 1);
  assert_false(play.body_whole);
  client_close(&client);
  play_stop(&play);
}

static void a_client_that_goes_within_its_body_is_gone(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  for (int reset = 0; reset < 2; reset++) {
    struct client client = client_open(&play);
    CLIENT_SAY(&client, SIZED("10") "123");
    upload_wait(&play);
    exchange_body_resume(play.held);
    PLAY_UNTIL(&play, play.pieces == (unsigned)reset + 1);
    if (reset) {
      client_reset(&client);
    } else {
      client_close(&client);
    }
    PLAY_UNTIL(&play, play.ends == (unsigned)reset + 1);
  }
  assert_int_equal(play.gones, 2);
  assert_false(play.body_whole);
  play_stop(&play);
}

static void a_client_that_goes_while_its_body_is_paused_is_gone(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, SIZED("10") "123");
  upload_wait(&play);
  client_close(&client);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 1);
  assert_int_equal(play.pieces, 0);
  play_stop(&play);
}

static void a_body_that_stalls_is_late_but_not_while_it_is_paused(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.body_idle = 60;
  play.options.timeouts.body_grace = 60;
  play_open(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, SIZED("10"));
  upload_wait(&play);
  play_wait(&play, 200);
  assert_int_equal(play.ends, 0);
  exchange_body_resume(play.held);
  client_expect_refusal(&client, 408, "request_timeout");
  assert_int_equal(play.ends, 1);
  client_close(&client);
  play_stop(&play);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_body_comes_in_pieces_from_its_head_on),
      cmocka_unit_test(chunks_are_taken_apart_however_they_are_cut),
      cmocka_unit_test(no_limit_is_on_the_size_of_what_streams),
      cmocka_unit_test(a_pause_holds_the_client_back),
      cmocka_unit_test(the_hundred_comes_when_the_body_is_wanted),
      cmocka_unit_test(who_did_not_wait_for_the_hundred_gets_none),
      cmocka_unit_test(an_answer_before_the_hundred_closes),
      cmocka_unit_test(what_is_left_of_a_small_body_is_thrown_away),
      cmocka_unit_test(an_early_answer_to_a_large_body_arrives_and_closes),
      cmocka_unit_test(an_answer_may_stream_while_the_body_does),
      cmocka_unit_test(a_malformed_body_is_refused_once_and_never_whole),
      cmocka_unit_test(a_malformed_body_behind_a_begun_answer_cuts_it),
      cmocka_unit_test(a_client_that_goes_within_its_body_is_gone),
      cmocka_unit_test(a_client_that_goes_while_its_body_is_paused_is_gone),
      cmocka_unit_test(a_body_that_stalls_is_late_but_not_while_it_is_paused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
