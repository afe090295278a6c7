// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_play.h"

/* Connections that become something else, and answers that say their length. */

#define GET_NEXT "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

static void upload_wait(struct play *play) {
  PLAY_UNTIL(play, play->held != NULL);
}

static void an_answer_of_known_length_says_it(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  for (int cut = 0; cut < 2; cut++) {
    CLIENT_SAY(&client, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    upload_wait(&play);
    exchange_stream_begin_sized(play.held, 200, NULL, 0, (struct slice){0}, 6);
    exchange_stream_write(play.held, SLICE_LITERAL("abc"));
    if (!cut) exchange_stream_write(play.held, SLICE_LITERAL("def"));
    exchange_stream_end(play.held, true);
    if (!cut) client_expect_body(&client, 200, SLICE_LITERAL("abcdef"));
  }
  client_expect_eof(&client); /* a body that is too short ends with its connection */
  assert_non_null(memmem(client.received.data, client.received.len, "\r\n\r\nabc", 7));
  client_close(&client);
  play_stop(&play);
}

static void an_upgraded_connection_carries_bytes_both_ways(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  upload_wait(&play);
  exchange_upgrade(play.held, SLICE_LITERAL("Upgrade: websocket\r\n"));
  struct answer answer = client_expect(&client, 101);
  assert_true(answer_has(&answer, "HTTP/1.1 101 Switching Protocols\r\n"));
  assert_true(answer_has(&answer, "\r\nConnection: Upgrade\r\n"));
  assert_false(answer_has(&answer, "Content-Length"));
  client_drop(&client, &answer);
  CLIENT_SAY(&client, GET_NEXT); /* no request any more */
  exchange_body_resume(play.held);
  PLAY_UNTIL(&play, play.body.len == sizeof GET_NEXT - 1);
  exchange_stream_write(play.held, SLICE_LITERAL("\x82\x01!"));
  exchange_stream_end(play.held, true);
  client_expect_eof(&client);
  assert_true(slice_equal(buffer_slice(&client.received), SLICE_LITERAL("\x82\x01!")));
  assert_int_equal(play.requests, 1);
  client_close(&client);
  play_stop(&play);
}

static void who_leaves_an_upgraded_connection_is_gone(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "GET /upgrade HTTP/1.1\r\nHost: a\r\n\r\n");
  upload_wait(&play);
  exchange_upgrade(play.held, SLICE_LITERAL("Upgrade: websocket\r\n"));
  exchange_body_resume(play.held);
  CLIENT_SAY(&client, "bye");
  client_close(&client);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 1);
  assert_true(slice_equal(buffer_slice(&play.body), SLICE_LITERAL("bye")));
  play_stop(&play);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_of_known_length_says_it),
      cmocka_unit_test(an_upgraded_connection_carries_bytes_both_ways),
      cmocka_unit_test(who_leaves_an_upgraded_connection_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
