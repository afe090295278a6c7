// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "upstream_peer.h"

/* Every time limit, provoked and measured. */

#define OK "HTTP/1.1 200 OK\r\n"

static void silence(struct guest *guest) {
  (void)guest;
}

/* The call must end with `code` after `ms`: never early, and late by no more than the wheel and a busy machine allow.
 */
static void expect_after(struct stage *stage, struct visit *visit, unsigned ms, const char *code, const char *word) {
  uint64_t start = uv_hrtime();
  visit_wait(stage, visit);
  uint64_t took = (uv_hrtime() - start) / 1000000;
  if (took + 5 < ms || took > ms + 1000) fail_msg("%s after %u ms instead of %u", code, (unsigned)took, ms);
  if (!strstr(visit->error.message, word)) fail_msg("no \"%s\" in: %s", word, visit->error.message);
  visit_expect_error(visit, code, 504);
}

/* A listener that takes no connection: its backlog is full. */
struct full {
  int listener, filler[4];
  unsigned port;
};

static void full_open(struct full *full) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  full->listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(full->listener, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(full->listener, 0), 0);
  getsockname(full->listener, (struct sockaddr *)&address, &size);
  full->port = ntohs(address.sin_port);
  for (int i = 0; i < 4; i++) {
    full->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(full->filler[i], (struct sockaddr *)&address, size);
  }
}

static void full_close(struct full *full) {
  for (int i = 0; i < 4; i++) close(full->filler[i]);
  close(full->listener);
}

static void a_connection_that_is_not_accepted_times_out(void **state) {
  (void)state;
  struct stage stage;
  struct full full;
  struct visit visit = {0};
  char url[64];
  stage_open(&stage);
  full_open(&full);
  stage.timeouts.connect = 300;
  snprintf(url, sizeof url, "http://127.0.0.1:%u", full.port);
  stage.origin = stage_origin(&stage, url);
  visit_get(&stage, &visit);
  expect_after(&stage, &visit, 300, "upstream_connect_timeout", "connection");
  assert_true(visit.untouched);
  full_close(&full);
  stage_close(&stage);
}

static void a_dead_address_leaves_time_for_the_next_one(void **state) {
  (void)state;
  struct stage stage;
  struct full full;
  struct peer six;
  char url[64];
  stage_open(&stage);
  full_open(&full);
  if (peer_open_at(&six, &stage.loop, "::1", full.port) < 0) {
    peer_close(&six);
    full_close(&full);
    stage_close(&stage);
    skip(); /* no IPv6 here */
  }
  six.reply = SLICE_LITERAL(OK "Content-Length: 3\r\n\r\nsix");
  stage.timeouts.connect = 400;
  snprintf(url, sizeof url, "http://localhost:%u", full.port);
  stage.origin = stage_origin(&stage, url);
  stage_get(&stage, 200, "six");
  peer_close(&six);
  full_close(&full);
  stage_close(&stage);
}

static void a_silent_server_runs_out_of_its_first_byte_time(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.answer = silence;
  stage.timeouts.first_byte = 200;
  visit_get(&stage, &visit);
  expect_after(&stage, &visit, 200, "upstream_timeout", "first byte");
  assert_false(visit.untouched);
  stage_run(&stage, 20, NULL);
  assert_int_equal(stage.peer.gone, 1);
  stage_close(&stage);
}

static void a_server_that_stops_within_its_answer_runs_out_of_idle_time(void **state) {
  (void)state;
  static const char *const parts[] = {OK "Content-", OK "Content-Length: 5\r\n\r\n", OK "Content-Length: 5\r\n\r\nhel"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    struct stage stage;
    struct visit visit = {0};
    stage_open(&stage);
    stage.peer.reply = slice_text(parts[i]);
    stage.timeouts.first_byte = 5000;
    stage.timeouts.idle = 200;
    visit_get(&stage, &visit);
    expect_after(&stage, &visit, 200, "upstream_timeout", "nothing more");
    stage_close(&stage);
  }
}

/* One byte of the body every 50 ms. */
struct drip {
  uv_timer_t timer;
  struct guest *guest;
};

static void drip_next(uv_timer_t *timer) {
  struct drip *drip = timer->data;
  guest_say_text(drip->guest, "1\r\n.\r\n");
}

static void drip_begin(struct guest *guest) {
  struct drip *drip = guest->peer->user;
  drip->guest = guest;
  guest_say_text(guest, OK "Transfer-Encoding: chunked\r\n\r\n");
  uv_timer_start(&drip->timer, drip_next, 50, 50);
}

static void a_slow_stream_ends_at_the_total_and_not_before(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  struct drip drip;
  stage_open(&stage);
  uv_timer_init(&stage.loop.uv, &drip.timer);
  drip.timer.data = &drip;
  stage.peer.answer = drip_begin;
  stage.peer.user = &drip;
  stage.timeouts = (struct transfer_timeouts){.connect = 1000, .first_byte = 400, .idle = 400, .total = 900};
  visit_get(&stage, &visit);
  uint64_t start = uv_hrtime();
  stage_run(&stage, 700, &visit.done);
  assert_false(visit.done);
  assert_true(visit.bodies >= 3);
  visit_wait(&stage, &visit);
  assert_true(uv_hrtime() - start > 895 * 1000000ULL);
  assert_non_null(strstr(visit.error.message, "total"));
  visit_expect_error(&visit, "upstream_timeout", 504);
  uv_close((uv_handle_t *)&drip.timer, NULL);
  stage_close(&stage);
}

static void stop_reading(struct guest *guest) {
  uv_read_stop((uv_stream_t *)&guest->tcp);
}

static void a_server_that_takes_no_more_of_the_request_runs_out_of_idle_time(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  size_t size = 32 * 1024 * 1024;
  char *bytes = calloc(1, size);
  stage_open(&stage);
  stage.peer.accepting = stop_reading;
  stage.timeouts.idle = 200;
  stage.timeouts.first_byte = 100; /* counts only from the last byte of the request on */
  visit_post(&stage, &visit, slice_make(bytes, size));
  uint64_t start = uv_hrtime();
  visit_wait(&stage, &visit);
  uint64_t took = (uv_hrtime() - start) / 1000000;
  assert_true(took >= 195 && took < 3000);
  assert_non_null(strstr(visit.error.message, "of the request"));
  visit_expect_error(&visit, "upstream_timeout", 504);
  free(bytes);
  stage_close(&stage);
}

static void zero_means_no_limit(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.answer = silence;
  stage.timeouts = (struct transfer_timeouts){0};
  visit_get(&stage, &visit);
  stage_run(&stage, 300, NULL);
  assert_false(visit.done);
  assert_int_equal(stage.peer.requests, 1);
  transfer_cancel(visit.transfer);
  stage_close(&stage);
}

static void messages_name_the_host_and_nothing_secret(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  char name[64];
  struct http_field field = {SLICE_LITERAL("Authorization"), SLICE_LITERAL("Bearer sk-secret")};
  stage_open(&stage);
  stage.peer.answer = silence;
  stage.timeouts.first_byte = 50;
  struct transfer_request request = stage_request(&stage, "GET", "/path?key=secret");
  request.fields = &field;
  request.field_count = 1;
  visit_start(&stage, &visit, &request);
  visit_wait(&stage, &visit);
  snprintf(name, sizeof name, "127.0.0.1:%u ", stage.peer.port);
  assert_non_null(strstr(visit.error.message, name));
  assert_null(strstr(visit.error.message, "secret"));
  assert_null(strstr(visit.error.message, "path"));
  stage_close(&stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_connection_that_is_not_accepted_times_out),
      cmocka_unit_test(a_dead_address_leaves_time_for_the_next_one),
      cmocka_unit_test(a_silent_server_runs_out_of_its_first_byte_time),
      cmocka_unit_test(a_server_that_stops_within_its_answer_runs_out_of_idle_time),
      cmocka_unit_test(a_slow_stream_ends_at_the_total_and_not_before),
      cmocka_unit_test(a_server_that_takes_no_more_of_the_request_runs_out_of_idle_time),
      cmocka_unit_test(zero_means_no_limit),
      cmocka_unit_test(messages_name_the_host_and_nothing_secret),
  };
  return cmocka_run_group_tests_name("upstream timeout", tests, NULL, NULL);
}
