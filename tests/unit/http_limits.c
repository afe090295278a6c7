// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"
#include "tests/unit/http_play.h"

/* Limits at the limit and one above; every clock. */

static uint64_t now_ms(void) {
  return uv_hrtime() / 1000000;
}

/* An expiry is never early and at most a wheel's tick and a loaded machine late. */
static void assert_took(uint64_t started, uint64_t expected) {
  uint64_t took = now_ms() - started;
  if (took + 2 < expected || took > expected + 1000) fail_msg("took %d ms, not %d", (int)took, (int)expected);
}

static void post_sized(struct client *client, size_t announced, size_t sent) {
  struct buffer request = {0};
  buffer_append_format(&request, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", announced);
  for (size_t i = 0; i < sent; i++) buffer_append(&request, "x", 1);
  client_send(client, buffer_slice(&request));
  buffer_free(&request);
}

static void a_body_of_the_limit_is_taken_and_one_byte_more_is_not(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.limits.body = 1000;
  play_open(&play);
  struct client client = client_open(&play);
  post_sized(&client, 1000, 1000);
  struct answer answer = client_expect(&client, 200);
  assert_int_equal(answer.body.len, 1000);
  client_drop(&client, &answer);
  post_sized(&client, 1001, 0); /* refused with no byte of the body read */
  client_expect_refusal(&client, 413, "request_too_large");
  client_close(&client);
  assert_int_equal(play.heads, 2);
  play_stop(&play);
}

static void post_chunk(struct client *client, size_t size) {
  struct buffer request = {0};
  buffer_append_format(&request, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", size);
  for (size_t i = 0; i < size; i++) buffer_append(&request, "x", 1);
  buffer_append_format(&request, "\r\n0\r\n\r\n");
  client_send(client, buffer_slice(&request));
  buffer_free(&request);
}

static void chunks_are_held_to_the_same_limit(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.limits.body = 1000;
  play_open(&play);
  struct client client = client_open(&play);
  post_chunk(&client, 1000);
  struct answer answer = client_expect(&client, 200);
  assert_int_equal(answer.body.len, 1000);
  client_drop(&client, &answer);
  post_chunk(&client, 1001);
  client_expect_refusal(&client, 413, "request_too_large");
  client_close(&client);
  play_stop(&play);
}

static void a_client_that_writes_on_still_reads_its_refusal(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  post_sized(&client, 40000000, 3000000);
  client_expect_refusal(&client, 413, "request_too_large");
  client_close(&client);
  play_stop(&play);
}

/* Sends what never ends; the server must not wait for its end. */
static void endless_check(struct slice begin, int status, const char *code) {
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  client_send(&client, begin);
  static const char more[2048] = {[0 ... 2047] = 'a'};
  for (int i = 0; i < 500; i++) client_send(&client, slice_make(more, sizeof more));
  client_expect_refusal(&client, status, code);
  assert_int_equal(play.ends, 1);
  client_close(&client);
  play_stop(&play);
}

static void an_endless_head_is_refused_while_it_comes(void **state) {
  (void)state;
  endless_check(SLICE_LITERAL("G"), 400, "bad_request");
  endless_check(SLICE_LITERAL("GET /"), 414, "uri_too_long");
  endless_check(SLICE_LITERAL("GET / HTTP/1.1\r\nHost: a\r\nX: "), 431, "headers_too_large");
}

static void the_last_request_of_a_connection_closes_it(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.limits.requests = 3;
  play_open(&play);
  struct client client = client_open(&play);
  for (int i = 1; i <= 3; i++) {
    CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    struct answer answer = client_expect(&client, 200);
    assert_int_equal(answer_has(&answer, "Connection: close\r\n"), i == 3);
    client_drop(&client, &answer);
  }
  client_expect_eof(&client);
  client_close(&client);
  play_stop(&play);
}

static void connections_above_the_cap_are_turned_away(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.limits.connections = 2;
  play.options.limits.per_address = 1; /* loopback is exempt */
  play_open(&play);
  struct client clients[3];
  for (int i = 0; i < 3; i++) clients[i] = client_open(&play);
  client_expect_eof(&clients[2]);
  assert_int_equal(http_server_counters(play.server)->turned_away, 1);
  CLIENT_SAY(&clients[1], "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  client_expect_body(&clients[1], 200, SLICE_LITERAL("/x"));
  for (int i = 0; i < 3; i++) client_close(&clients[i]);
  PLAY_UNTIL(&play, http_server_connections(play.server) == 0);
  assert_int_equal(play.ends, 1);
  play_stop(&play);
}

static struct connection *only_connection(struct play *play) {
  return LIST_OWNER(play->server->connections.next, struct connection, node);
}

static void reading_stops_behind_a_pending_answer(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
  PLAY_UNTIL(&play, play.held != NULL);
  unsigned sent = 0;
  for (; only_connection(&play)->reading && sent < 100000; sent++) {
    CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  assert_false(only_connection(&play)->reading);
  assert_in_range(only_connection(&play)->input.len, CONNECTION_INPUT_MAX, 2 * CONNECTION_INPUT_MAX);
  play_respond(play.held, 200, SLICE_LITERAL("held"));
  client_expect_body(&client, 200, SLICE_LITERAL("held"));
  for (unsigned i = 0; i < sent; i++) client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  play_turn(&play);
  assert_true(only_connection(&play)->reading);
  assert_null(only_connection(&play)->input.data);
  client_close(&client);
  play_stop(&play);
}

static void an_idle_connection_holds_less_than_700_bytes(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  post_chunk(&client, 10000);
  struct answer answer = client_expect(&client, 200);
  client_drop(&client, &answer);
  play_turn(&play);
  const struct connection *connection = only_connection(&play);
  assert_int_equal(connection->state, CONNECTION_WAIT);
  assert_null(connection->exchange);
  assert_null(connection->output);
  assert_null(connection->input.data);
  assert_in_range(sizeof *connection, 1, 700);
  client_close(&client);
  play_stop(&play);
}

/* Clocks */

static void a_silent_connection_is_refused_in_time(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.first_byte = 200;
  play_open(&play);
  struct client client = client_open(&play);
  uint64_t started = now_ms();
  client_expect_refusal(&client, 408, "request_timeout");
  assert_took(started, 200);
  client_close(&client);
  play_stop(&play);
}

static void a_slow_head_is_refused_however_it_drips(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.head = 300;
  play_open(&play);
  struct client client = client_open(&play);
  uint64_t started = now_ms();
  CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\nX: ");
  while (client.received.len == 0 && client_receive(&client)) {
    CLIENT_SAY(&client, "y");
    play_wait(&play, 20);
  }
  assert_took(started, 300);
  client_expect_refusal(&client, 408, "request_timeout");
  client_close(&client);
  play_stop(&play);
}

static void a_body_that_stalls_is_refused(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.body_idle = 200;
  play_open(&play);
  struct client client = client_open(&play);
  post_sized(&client, 100, 50);
  uint64_t started = now_ms();
  client_expect_refusal(&client, 408, "request_timeout");
  assert_took(started, 200);
  assert_int_equal(play.heads, 1);
  assert_int_equal(play.requests, 0);
  assert_int_equal(play.gones, 0);
  client_close(&client);
  play_stop(&play);
}

/* Sends a byte of a body every 20 ms; how long until it is refused. */
static void drip(struct play *play, uint64_t expected) {
  play_open(play);
  struct client client = client_open(play);
  uint64_t started = now_ms();
  post_sized(&client, 10000, 1);
  while (client.received.len == 0 && client_receive(&client)) {
    CLIENT_SAY(&client, "y");
    play_wait(play, 20);
  }
  assert_took(started, expected);
  client_expect_refusal(&client, 408, "request_timeout");
  client_close(&client);
  play_stop(play);
}

static void a_body_below_the_least_rate_is_refused_after_its_grace(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.body_grace = 250;
  play.options.timeouts.body_rate = 1000;
  drip(&play, 250);
}

static void a_body_above_the_least_rate_has_its_total_time(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.body_grace = 50;
  play.options.timeouts.body_rate = 5;
  play.options.timeouts.body_total = 500;
  drip(&play, 500);
}

static void an_idle_connection_is_closed_without_a_word(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.keep_alive = 200;
  play_open(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  uint64_t started = now_ms();
  client_expect_eof(&client);
  assert_took(started, 200);
  assert_int_equal(client.received.len, 0);
  assert_int_equal(play.ends, 1);
  client_close(&client);
  play_stop(&play);
}

static void a_handler_may_take_longer_than_every_request_clock(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  struct http_timeouts *timeouts = &play.options.timeouts;
  timeouts->first_byte = timeouts->head = timeouts->keep_alive = timeouts->body_idle = timeouts->write_stall = 100;
  play_open(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  play_wait(&play, 50);
  CLIENT_SAY(&client, "ab");
  PLAY_UNTIL(&play, play.held != NULL);
  play_wait(&play, 400);
  assert_non_null(play.held);
  play_respond(play.held, 200, SLICE_LITERAL("late"));
  client_expect_body(&client, 200, SLICE_LITERAL("late"));
  client_close(&client);
  play_stop(&play);
}

struct late {
  struct play play;
  struct timer timer; /* fires in the turn in which the body is late, and before that is seen */
  struct exchange *exchange;
};

static void answer_from_outside(struct timer *timer) {
  struct late *late = LIST_OWNER(timer, struct late, timer);
  play_respond(late->exchange, 503, SLICE_LITERAL("drained"));
}

static int accept_and_time(void *user, struct exchange *exchange) {
  struct late *late = user;
  late->exchange = exchange;
  timer_init(&late->timer, answer_from_outside);
  timer_start(late->play.loop.wheel, &late->timer, late->play.options.timeouts.body_idle);
  return play_on_head(user, exchange);
}

static void a_late_body_that_was_answered_a_moment_ago_is_left_alone(void **state) {
  (void)state;
  struct late late;
  play_prepare(&late.play);
  late.play.options.timeouts.body_idle = 100;
  late.play.options.handler.head = accept_and_time;
  play_open(&late.play);
  struct client client = client_open(&late.play);
  post_sized(&client, 100, 50);
  client_expect_body(&client, 503, SLICE_LITERAL("drained"));
  client_expect_eof(&client);
  assert_int_equal(late.play.ends, 1);
  client_close(&client);
  play_stop(&late.play);
}

static void a_client_that_never_closes_is_not_waited_for(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  uint64_t started = now_ms();
  PLAY_UNTIL(&play, http_server_connections(play.server) == 0);
  assert_took(started, 2000);
  client_close(&client);
  play_stop(&play);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_body_of_the_limit_is_taken_and_one_byte_more_is_not),
      cmocka_unit_test(chunks_are_held_to_the_same_limit),
      cmocka_unit_test(a_client_that_writes_on_still_reads_its_refusal),
      cmocka_unit_test(an_endless_head_is_refused_while_it_comes),
      cmocka_unit_test(the_last_request_of_a_connection_closes_it),
      cmocka_unit_test(connections_above_the_cap_are_turned_away),
      cmocka_unit_test(reading_stops_behind_a_pending_answer),
      cmocka_unit_test(an_idle_connection_holds_less_than_700_bytes),
      cmocka_unit_test(a_silent_connection_is_refused_in_time),
      cmocka_unit_test(a_slow_head_is_refused_however_it_drips),
      cmocka_unit_test(a_body_that_stalls_is_refused),
      cmocka_unit_test(a_body_below_the_least_rate_is_refused_after_its_grace),
      cmocka_unit_test(a_body_above_the_least_rate_has_its_total_time),
      cmocka_unit_test(an_idle_connection_is_closed_without_a_word),
      cmocka_unit_test(a_handler_may_take_longer_than_every_request_clock),
      cmocka_unit_test(a_late_body_that_was_answered_a_moment_ago_is_left_alone),
      cmocka_unit_test(a_client_that_never_closes_is_not_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
