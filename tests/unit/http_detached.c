// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_play.h"

/* Exchanges that go on without their client. */

#define HOLD "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
#define STREAM "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"

/* An exchange whose client has reset its connection, and which is kept. */
static struct exchange *left_behind(struct play *play, const char *request) {
  struct client client = client_open(play);
  unsigned gones = play->gones;
  play->held = NULL;
  client_send(&client, slice_text(request));
  PLAY_UNTIL(play, play->held != NULL);
  client_reset(&client);
  PLAY_UNTIL(play, play->gones == gones + 1);
  return play->held;
}

static void play_keeping(struct play *play) {
  play_start(play);
  play->keep_gone = true;
}

static void a_kept_exchange_outlives_its_connection_and_ends_once(void **state) {
  (void)state;
  struct play play;
  play_keeping(&play);
  struct exchange *exchange = left_behind(&play, HOLD);
  assert_int_equal(http_server_connections(play.server), 0);
  assert_int_equal(http_server_detached(play.server), 1);
  assert_true(exchange_detached(exchange) && exchange_client_gone(exchange));
  play_wait(&play, 20);
  assert_int_equal(play.ends, 0);
  assert_true(play_path_is(exchange, "/hold"));
  assert_true(slice_equal(exchange_remote(exchange), SLICE_LITERAL("127.0.0.1")));
  play_respond(exchange, 200, SLICE_LITERAL("for nobody"));
  assert_int_equal(play.ends, 0); /* never inside the call */
  assert_int_equal(exchange_status(exchange), 200);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(http_server_detached(play.server), 0);
  assert_true(play.last_gone);
  assert_int_equal(play.last_sent, 0);
  assert_int_equal(play.gones, 1);
  play_stop(&play);
  assert_int_equal(play.ends, 1);
}

static void the_clients_slot_is_free_while_it_goes_on(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.limits.connections = 1;
  play.keep_gone = true;
  play_open(&play);
  for (unsigned i = 1; i <= 5; i++) {
    left_behind(&play, HOLD);
    assert_int_equal(http_server_detached(play.server), i);
    assert_int_equal(http_server_connections(play.server), 0);
  }
  play_stop(&play);
  assert_int_equal(play.ends, 5);
}

static void a_stream_is_never_full_and_writes_nowhere(void **state) {
  (void)state;
  static char bytes[65536];
  struct play play;
  play_keeping(&play);
  struct exchange *exchange = left_behind(&play, STREAM);
  for (int i = 0; i < 200; i++) {
    assert_int_equal(exchange_stream_write(exchange, slice_make(bytes, sizeof bytes)), EXCHANGE_OK);
  }
  assert_false(exchange_full(exchange));
  exchange_stream_end(exchange, false);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.last_sent, 0);
  assert_int_equal(play.writables, 0);
  play_stop(&play);
}

static void end_it(struct play *play, struct exchange *exchange) {
  (void)play;
  assert_true(exchange_detached(exchange) && !exchange_full(exchange));
  assert_int_equal(exchange_stream_write(exchange, SLICE_LITERAL("more")), EXCHANGE_OK);
  exchange_stream_end(exchange, true);
}

static void who_waited_for_a_slow_reader_goes_on_when_it_leaves(void **state) {
  (void)state;
  static char bytes[65536];
  struct play play;
  play_keeping(&play);
  play.on_writable = end_it; /* ends it inside */
  struct client client = client_open_sized(&play, 8192);
  CLIENT_SAY(&client, STREAM);
  PLAY_UNTIL(&play, play.held != NULL);
  while (exchange_stream_write(play.held, slice_make(bytes, sizeof bytes)) == EXCHANGE_OK) play_turn(&play);
  assert_true(exchange_full(play.held));
  client_reset(&client);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.writables, 1);
  assert_int_equal(play.gones, 1);
  assert_int_equal(http_server_detached(play.server), 0);
  play_stop(&play);
}

static void a_reader_that_stops_for_good_is_left_behind_too(void **state) {
  (void)state;
  static char bytes[65536];
  struct play play;
  play_prepare(&play);
  play.options.timeouts.write_stall = 100;
  play.keep_gone = true;
  play_open(&play);
  struct client client = client_open_sized(&play, 8192);
  CLIENT_SAY(&client, STREAM);
  PLAY_UNTIL(&play, play.held != NULL);
  while (exchange_stream_write(play.held, slice_make(bytes, sizeof bytes)) == EXCHANGE_OK) play_turn(&play);
  PLAY_UNTIL(&play, play.gones == 1);
  assert_int_equal(http_server_connections(play.server), 0);
  assert_int_equal(play.writables, 1);
  exchange_stream_end(play.held, true);
  PLAY_UNTIL(&play, play.ends == 1);
  client_close(&client);
  play_stop(&play);
}

static void what_is_answered_when_its_client_is_known_to_be_gone_is_not_kept(void **state) {
  (void)state;
  struct play play;
  play_keeping(&play);
  struct client client = client_open(&play);
  CLIENT_SAY(&client, HOLD);
  PLAY_UNTIL(&play, play.held != NULL);
  client_reset(&client); /* the server's loop has not turned since */
  play_respond(play.held, 200, SLICE_LITERAL("late"));
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 0);
  assert_int_equal(http_server_detached(play.server), 0);
  play_stop(&play);
}

static void finish_held(void *user, struct exchange *exchange) {
  ++*(unsigned *)((struct play *)user)->script;
  play_respond(exchange, 503, SLICE_LITERAL("draining"));
}

static void each_visits_those_left_behind_once(void **state) {
  (void)state;
  struct play play;
  play_keeping(&play);
  unsigned visited = 0;
  play.script = &visited;
  left_behind(&play, HOLD);
  left_behind(&play, HOLD);
  http_server_drain(play.server);
  assert_int_equal(http_server_detached(play.server), 2);
  http_server_each(play.server, finish_held);
  http_server_each(play.server, finish_held);
  assert_int_equal(visited, 2);
  PLAY_UNTIL(&play, play.ends == 2);
  play_stop(&play);
}

static void closing_the_server_ends_those_left_behind(void **state) {
  (void)state;
  struct play play;
  play_keeping(&play);
  left_behind(&play, HOLD);
  struct exchange *answered = left_behind(&play, HOLD);
  left_behind(&play, STREAM);
  play_respond(answered, 200, SLICE_LITERAL("its end is on the way"));
  play_stop(&play);
  assert_int_equal(play.gones, 3);
  assert_int_equal(play.ends, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_kept_exchange_outlives_its_connection_and_ends_once),
      cmocka_unit_test(the_clients_slot_is_free_while_it_goes_on),
      cmocka_unit_test(a_stream_is_never_full_and_writes_nowhere),
      cmocka_unit_test(who_waited_for_a_slow_reader_goes_on_when_it_leaves),
      cmocka_unit_test(a_reader_that_stops_for_good_is_left_behind_too),
      cmocka_unit_test(what_is_answered_when_its_client_is_known_to_be_gone_is_not_kept),
      cmocka_unit_test(each_visits_those_left_behind_once),
      cmocka_unit_test(closing_the_server_ends_those_left_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
