// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"
#include "http/output.h"
#include "tests/unit/http_play.h"

/* Answers in pieces, and readers that are slow. */

#define STREAM "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"

static struct client stream_open(struct play *play, struct slice request, int receive_buffer) {
  struct client client = client_open_sized(play, receive_buffer);
  client_send(&client, request);
  PLAY_UNTIL(play, play->held != NULL);
  return client;
}

static void pieces_are_chunks_and_the_connection_goes_on(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = stream_open(&play, SLICE_LITERAL(STREAM), 0);
  client_receive(&client);
  assert_int_equal(client.received.len, 0); /* the head waits for the first piece */
  assert_int_equal(exchange_status(play.held), 200);
  assert_int_equal(exchange_stream_write(play.held, SLICE_LITERAL("data: 1\n\n")), EXCHANGE_OK);
  assert_int_equal(exchange_stream_write(play.held, SLICE_LITERAL("")), EXCHANGE_OK);
  assert_int_equal(exchange_stream_write(play.held, SLICE_LITERAL("0123456789abcdef")), EXCHANGE_OK);
  exchange_stream_end(play.held, true);
  struct answer answer = client_expect(&client, 200);
  assert_true(answer_has(&answer, "Transfer-Encoding: chunked\r\n"));
  assert_false(answer_has(&answer, "Content-Length") || answer_has(&answer, "Connection"));
  assert_true(slice_equal(answer.body, SLICE_LITERAL("9\r\ndata: 1\n\n\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n")));
  client_drop(&client, &answer);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.last_sent, 25);
  CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  client_close(&client);
  play_stop(&play);
}

static void a_stream_without_pieces_is_a_head_and_its_end(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = stream_open(&play, SLICE_LITERAL(STREAM), 0);
  exchange_stream_end(play.held, true);
  client_expect_body(&client, 200, SLICE_LITERAL("0\r\n\r\n"));
  client_close(&client);
  play_stop(&play);
}

static void a_stream_cut_on_purpose_closes_without_the_last_chunk(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = stream_open(&play, SLICE_LITERAL(STREAM "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  exchange_stream_write(play.held, SLICE_LITERAL("abc"));
  exchange_stream_end(play.held, false);
  client_expect_eof(&client);
  struct slice tail = SLICE_LITERAL("\r\n\r\n3\r\nabc\r\n");
  assert_true(slice_equal(slice_from(buffer_slice(&client.received), client.received.len - tail.len), tail));
  assert_false(client.reset);
  assert_int_equal(play.ends, 1);
  assert_int_equal(play.gones, 0);
  client_close(&client);
  play_stop(&play);
}

static void a_stream_to_http_1_0_is_bare_until_close(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = stream_open(&play, SLICE_LITERAL("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 0);
  exchange_stream_write(play.held, SLICE_LITERAL("abc"));
  exchange_stream_write(play.held, SLICE_LITERAL("def"));
  exchange_stream_end(play.held, true);
  struct answer answer = client_expect(&client, 200);
  assert_true(answer_has(&answer, "Connection: close\r\n"));
  assert_false(answer_has(&answer, "Transfer-Encoding"));
  client_drop(&client, &answer);
  client_expect_eof(&client);
  assert_true(slice_equal(buffer_slice(&client.received), SLICE_LITERAL("abcdef")));
  client_close(&client);
  play_stop(&play);
}

static void a_stream_to_head_has_no_body(void **state) {
  (void)state;
  struct play play;
  play_start(&play);
  struct client client = stream_open(&play, SLICE_LITERAL("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  assert_int_equal(exchange_stream_write(play.held, SLICE_LITERAL("abc")), EXCHANGE_OK);
  exchange_stream_end(play.held, true);
  struct answer answer = client_expect_as(&client, true, 200);
  client_drop(&client, &answer);
  CLIENT_SAY(&client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  client_expect_body(&client, 200, SLICE_LITERAL("/x"));
  client_close(&client);
  play_stop(&play);
}

/* A source of a known byte sequence that obeys FULL and `writable`. */
struct source {
  uint64_t sent, total;
  unsigned size; /* of the next piece */
  unsigned pauses;
  bool paused;
};

static char source_byte(uint64_t at) {
  return (char)('a' + (at * 7 + at / 1000) % 26);
}

static void source_pump(struct play *play, struct source *source) {
  char piece[20000];
  while (play->held && !source->paused && source->sent < source->total) {
    uint64_t left = source->total - source->sent;
    size_t len = source->size < left ? source->size : (size_t)left;
    for (size_t i = 0; i < len; i++) piece[i] = source_byte(source->sent + i);
    enum exchange_write result = exchange_stream_write(play->held, slice_make(piece, len));
    assert_int_not_equal(result, EXCHANGE_GONE);
    source->sent += len;
    source->paused = result == EXCHANGE_FULL;
    source->pauses += source->paused;
    source->size = source->size * 31 % 19997 + 1;
  }
  if (play->held && !source->paused) exchange_stream_end(play->held, true);
}

static void source_resume(struct play *play, struct exchange *exchange) {
  struct source *source = play->script;
  assert_ptr_equal(exchange, play->held);
  assert_true(source->paused);
  assert_in_range(http_output_queued(exchange->connection), 0, play->options.limits.queue_low);
  source->paused = false;
  source_pump(play, source);
}

/* Reads in pieces of at most `step` and checks every byte of an HTTP/1.0 stream. */
static void sink_check(struct client *client, uint64_t total, size_t step) {
  char bytes[8192];
  uint64_t seen = 0, end = uv_hrtime() + 60000000000ULL;
  size_t head = 0;
  for (ssize_t count; (count = recv(client->fd, bytes, head < 4 ? 1 : step, MSG_DONTWAIT)) != 0;) {
    if (uv_hrtime() > end) fail_msg("stuck after %d bytes", (int)seen);
    play_turn(client->play);
    for (ssize_t i = 0; i < count; i++) {
      if (head == 4) {
        if (bytes[i] != source_byte(seen++)) fail_msg("byte %d is wrong", (int)seen);
      } else {
        head = bytes[i] == "\r\n\r\n"[head] ? head + 1 : bytes[i] == '\r';
      }
    }
  }
  assert_int_equal(seen, total);
}

static void slow_read_check(uint64_t total, unsigned size, size_t step) {
  struct play play;
  play_prepare(&play);
  play.on_writable = source_resume;
  play_open(&play);
  struct source source = {.total = total, .size = size};
  play.script = &source;
  struct client client = stream_open(&play, SLICE_LITERAL("GET /stream HTTP/1.0\r\n\r\n"), 4096);
  source_pump(&play, &source);
  sink_check(&client, total, step);
  assert_int_equal(play.ends, 1);
  assert_int_equal(play.gones, 0);
  assert_int_equal(play.last_sent, total);
  assert_int_equal(play.writables, source.pauses);
  if (total > 8000000) assert_true(source.pauses > 0);
  client_close(&client);
  play_stop(&play);
}

static void a_fast_source_waits_for_a_slow_reader(void **state) {
  (void)state;
  slow_read_check(20000000, 16384, 8192);
}

static void a_reader_of_single_bytes_gets_all_in_order(void **state) {
  (void)state;
  slow_read_check(50000, 100, 1);
}

static void pieces_and_reads_of_every_size_lose_nothing(void **state) {
  (void)state;
  for (unsigned i = 1; i <= 40; i++) slow_read_check(i * 60000, i * 449 % 19000 + 1, i * 811 % 8000 + 60);
}

/* Fills the client's queue until it is full. */
static void fill(struct play *play) {
  static const char piece[4096];
  while (exchange_stream_write(play->held, slice_make(piece, sizeof piece)) != EXCHANGE_FULL) continue;
}

static void the_queue_is_full_above_its_high_mark_and_gone_at_its_cap(void **state) {
  (void)state;
  static const char piece[4096];
  struct play play;
  play_start(&play);
  struct client client = stream_open(&play, SLICE_LITERAL(STREAM), 4096);
  fill(&play);
  struct exchange *exchange = play.held;
  enum exchange_write result;
  unsigned more = 0;
  while ((result = exchange_stream_write(exchange, slice_make(piece, sizeof piece))) == EXCHANGE_FULL) more++;
  assert_int_equal(result, EXCHANGE_GONE);
  assert_in_range(more, (1024 - 64) * 1024 / 4200 - 3, (1024 - 64) * 1024 / 4096 + 3);
  assert_true(exchange_client_gone(exchange));
  assert_int_equal(play.gones, 0); /* never inside the call */
  assert_int_equal(exchange_stream_write(exchange, SLICE_LITERAL("x")), EXCHANGE_GONE);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(play.gones, 1);
  assert_int_equal(play.writables, 0);
  client_close(&client);
  play_stop(&play);
}

static void a_reader_that_stops_for_good_is_gone(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.write_stall = 320;
  play_open(&play);
  struct client client = stream_open(&play, SLICE_LITERAL(STREAM), 4096);
  fill(&play);
  uint64_t started = uv_hrtime();
  PLAY_UNTIL(&play, play.ends == 1);
  assert_in_range((uv_hrtime() - started) / 1000000, 310, 1300);
  assert_int_equal(play.gones, 1);
  assert_true(play.last_gone);
  client_close(&client);
  play_stop(&play);
}

static void a_stalled_reader_of_a_finished_answer_is_closed_without_gone(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.write_stall = 200;
  play_open(&play);
  struct client client = stream_open(&play, SLICE_LITERAL(STREAM), 4096);
  fill(&play);
  exchange_stream_end(play.held, true);
  PLAY_UNTIL(&play, play.ends == 1);
  assert_int_equal(http_server_connections(play.server), 1);
  PLAY_UNTIL(&play, http_server_connections(play.server) == 0);
  assert_int_equal(play.gones, 0);
  assert_false(play.last_gone);
  client_close(&client);
  play_stop(&play);
}

static void a_reader_that_crawls_is_not_stalled(void **state) {
  (void)state;
  struct play play;
  play_prepare(&play);
  play.options.timeouts.write_stall = 300;
  play_open(&play);
  struct client client = stream_open(&play, SLICE_LITERAL(STREAM), 65536);
  fill(&play);
  char bytes[65536];
  for (int i = 0; i < 12; i++) { /* four times the stall, never one of it without a read */
    for (int j = 0; j < 4; j++) (void)!recv(client.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    play_wait(&play, 100);
  }
  assert_int_equal(play.gones, 0);
  client_close(&client);
  play_stop(&play);
}

static void a_reset_in_the_middle_of_a_stream_means_gone(void **state) {
  (void)state;
  for (int i = 0; i < 50; i++) {
    struct play play;
    play_start(&play);
    struct client client = stream_open(&play, SLICE_LITERAL(STREAM), 0);
    exchange_stream_write(play.held, SLICE_LITERAL("data: 1\n\n"));
    if (i % 2) fill(&play);
    client_reset(&client);
    if (i % 3 == 0) exchange_stream_write(play.held, SLICE_LITERAL("data: 2\n\n"));
    PLAY_UNTIL(&play, play.ends == 1);
    assert_int_equal(play.gones, 1);
    assert_int_equal(play.last_status, 200);
    assert_int_equal(http_server_connections(play.server), 0);
    play_stop(&play);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_chunks_and_the_connection_goes_on),
      cmocka_unit_test(a_stream_without_pieces_is_a_head_and_its_end),
      cmocka_unit_test(a_stream_cut_on_purpose_closes_without_the_last_chunk),
      cmocka_unit_test(a_stream_to_http_1_0_is_bare_until_close),
      cmocka_unit_test(a_stream_to_head_has_no_body),
      cmocka_unit_test(a_fast_source_waits_for_a_slow_reader),
      cmocka_unit_test(a_reader_of_single_bytes_gets_all_in_order),
      cmocka_unit_test(pieces_and_reads_of_every_size_lose_nothing),
      cmocka_unit_test(the_queue_is_full_above_its_high_mark_and_gone_at_its_cap),
      cmocka_unit_test(a_reader_that_stops_for_good_is_gone),
      cmocka_unit_test(a_stalled_reader_of_a_finished_answer_is_closed_without_gone),
      cmocka_unit_test(a_reader_that_crawls_is_not_stalled),
      cmocka_unit_test(a_reset_in_the_middle_of_a_stream_means_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
