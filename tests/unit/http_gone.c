// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_play.h"

/* Clients that leave, and the server that does. */

#define HOLD "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_X "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

static void a_fin_while_its_answer_is_pending_means_gone(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, HOLD GET_X);
  PLAY_UNTIL(&play, play.held != NULL);
  shutdown(client.fd, SHUT_WR);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 1);
  assert_true(play.last_gone);
  assert_int_equal(play.last_status, 0);
  assert_null(play.last_code);
  assert_int_equal(play.requests, 1);
  assert_int_equal(http_server_connections(play.server), 0);
  client_close(&client);
  play_stop(&play);
}

static void a_reset_while_its_answer_is_pending_means_gone(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, HOLD);
  PLAY_UNTIL(&play, play.held != NULL);
  client_reset(&client);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 1);
  play_stop(&play);
}

static void a_half_close_after_the_request_still_gets_an_answer_given_at_once(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  struct slice requests = SLICE_LITERAL(GET_X GET_X);
  assert_int_equal(send(client.fd, requests.ptr, requests.len, 0), requests.len);
  shutdown(client.fd, SHUT_WR); /* both are there when the server looks */
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  client_expect_eof(&client);
  assert_false(client.reset);
  assert_int_equal(play.gones, 0);
  client_close(&client);
  play_stop(&play);
}

static void a_large_answer_survives_a_half_close(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open_sized(&play, 8192);
  CLIENT_SAY(&client, HOLD);
  PLAY_UNTIL(&play, play.held != NULL);
  struct buffer body = {0};
  while (body.len < 8000000) buffer_append_format(&body, "%zu,", body.len);
  play_respond(play.held, 200, buffer_slice(&body));
  PLAY_UNTIL(&play, play.ends == 1);
  shutdown(client.fd, SHUT_WR);
  client_expect_body(&client, 200, buffer_slice(&body));
  client_expect_eof(&client);
  assert_int_equal(play.gones, 0);
  assert_int_equal(play.last_sent, body.len);
  buffer_free(&body);
  client_close(&client);
  play_stop(&play);
}

static void a_request_cut_short_is_refused(void **state) {
  (void)state;
  static const struct slice halves[] = {
      SLICE_LITERAL("GET /x HT"), SLICE_LITERAL("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"),
      SLICE_LITERAL("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")};
  struct play play;
  play_start(&play);
  for (unsigned i = 0; i < 3; i++) {
    struct client client = client_open(&play);
    client_send(&client, halves[i]);
    shutdown(client.fd, SHUT_WR);
    client_expect_refusal(&client, 400, "bad_request");
    client_close(&client);
  }
  assert_int_equal(play.requests, 0);
  assert_int_equal(play.ends, 3);
  play_stop(&play);
}

static void a_reset_in_the_middle_of_a_body_ends_the_exchange(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
  PLAY_UNTIL(&play, play.heads == 1);
  client_reset(&client);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 1);
  assert_int_equal(play.requests, 0);
  play_stop(&play);
}

static void a_client_that_says_nothing_leaves_no_trace(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  for (int i = 0; i < 200; i++) {
    struct client client = client_open(&play);
    if (i % 2) client_reset(&client);
    client_close(&client);
    play_turn(&play);
  }
  PLAY_UNTIL(&play, http_server_connections(play.server) == 0);
  assert_int_equal(play.ends, 0);
  play_stop(&play);
}

static void an_answer_to_a_client_just_gone_does_no_harm(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, HOLD);
  PLAY_UNTIL(&play, play.held != NULL);
  client_reset(&client); /* the server's loop has not turned since */
  play_respond(play.held, 200, SLICE_LITERAL("late"));
  assert_int_equal(play.ends, 0);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 0);
  assert_true(play.last_gone);
  assert_int_equal(play.last_status, 200);
  assert_int_equal(play.last_sent, 0);
  play_stop(&play);
}

static void closing_the_server_ends_every_exchange(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client waiting = client_open(&play), idle = client_open(&play), partial = client_open(&play);
  CLIENT_SAY(&waiting, HOLD);
  CLIENT_SAY(&partial, "GET /x");
  PLAY_UNTIL(&play, play.held != NULL && http_server_connections(play.server) == 3);
  play_stop(&play);
  assert_int_equal(play.gones, 1);
  assert_int_equal(play.ends, 1);
  client_close(&waiting);
  client_close(&idle);
  client_close(&partial);
}

static void a_drain_closes_the_idle_and_lets_the_others_finish(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client idle = client_open(&play), waiting = client_open(&play);
  CLIENT_SAY(&idle, GET_X);
  client_expect_body(&idle, 200, SLICE_LITERAL("/x"));
  CLIENT_SAY(&waiting, HOLD GET_X);
  PLAY_UNTIL(&play, play.held != NULL);
  http_server_drain(play.server);
  client_expect_eof(&idle);
  assert_int_equal(http_server_connections(play.server), 1);
  play_respond(play.held, 200, SLICE_LITERAL("last"));
  struct answer answer = client_expect(&waiting, 200);
  assert_true(answer_has(&answer, "Connection: close\r\n"));
  client_drop(&waiting, &answer);
  client_expect_eof(&waiting);
  assert_int_equal(waiting.received.len, 0);
  assert_int_equal(play.requests, 2);
  client_close(&idle);
  client_close(&waiting);
  play_stop(&play);
}

static void a_drain_serves_what_the_kernel_holds_already(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client known = client_open(&play);
  CLIENT_SAY(&known, GET_X);
  client_expect_body(&known, 200, SLICE_LITERAL("/x"));
  struct client queued[20];
  for (int i = 0; i < 20; i++) { /* connected and sent, not one turn of the loop between */
    queued[i] = client_open(&play);
    assert_int_equal(send(queued[i].fd, GET_X, strlen(GET_X), 0), strlen(GET_X));
  }
  assert_int_equal(send(known.fd, GET_X, strlen(GET_X), 0), strlen(GET_X));
  struct client late = client_open(&play);
  http_server_drain(play.server);
  assert_int_equal(http_server_connections(play.server), 22);
  for (int i = 0; i < 20; i++) {
    struct answer answer = client_expect(&queued[i], 200);
    assert_true(answer_has(&answer, "Connection: close\r\n"));
    client_close(&queued[i]);
  }
  client_expect_body(&known, 200, SLICE_LITERAL("/x"));
  client_expect_eof(&late); /* a second to send its first request, then nothing */
  assert_int_equal(late.received.len, 0);
  client_close(&known);
  client_close(&late);
  PLAY_UNTIL(&play, http_server_connections(play.server) == 0);
  assert_int_equal(play.ends, 22);
  play_stop(&play);
}

static void finish_held(void *user, struct exchange *exchange) {
  ++*(unsigned *)((struct play *)user)->script;
  play_respond(exchange, 503, SLICE_LITERAL("draining"));
}

static void each_visits_every_exchange_that_has_not_ended(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  unsigned visited = 0;
  play.script = &visited;
  struct client clients[3];
  for (int i = 0; i < 3; i++) {
    clients[i] = client_open(&play);
    if (i < 2) CLIENT_SAY(&clients[i], HOLD);
    if (i == 2) CLIENT_SAY(&clients[i], "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
  }
  PLAY_UNTIL(&play, play.heads == 3 && play.requests == 2);
  http_server_each(play.server, finish_held);
  http_server_each(play.server, finish_held);
  assert_int_equal(visited, 3);
  for (int i = 0; i < 3; i++) {
    client_expect_body(&clients[i], 503, SLICE_LITERAL("draining"));
    if (i == 2) client_expect_eof(&clients[i]);
    client_close(&clients[i]);
  }
  assert_int_equal(play.requests, 2);
  play_stop(&play);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fin_while_its_answer_is_pending_means_gone),
      cmocka_unit_test(a_reset_while_its_answer_is_pending_means_gone),
      cmocka_unit_test(a_half_close_after_the_request_still_gets_an_answer_given_at_once),
      cmocka_unit_test(a_large_answer_survives_a_half_close),
      cmocka_unit_test(a_request_cut_short_is_refused),
      cmocka_unit_test(a_reset_in_the_middle_of_a_body_ends_the_exchange),
      cmocka_unit_test(a_client_that_says_nothing_leaves_no_trace),
      cmocka_unit_test(an_answer_to_a_client_just_gone_does_no_harm),
      cmocka_unit_test(closing_the_server_ends_every_exchange),
      cmocka_unit_test(a_drain_closes_the_idle_and_lets_the_others_finish),
      cmocka_unit_test(a_drain_serves_what_the_kernel_holds_already),
      cmocka_unit_test(each_visits_every_exchange_that_has_not_ended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
