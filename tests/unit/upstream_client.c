// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include "upstream_peer.h"

/* The HTTP/1.1 lane on real sockets: what comes back, what goes wrong. */

#define OK "HTTP/1.1 200 OK\r\n"

/* Says the reply in two parts, the second one a moment later. */
struct split {
  uv_timer_t timer;
  struct guest *guest;
  size_t at;
};

static void split_second(uv_timer_t *timer) {
  struct split *split = timer->data;
  guest_say(split->guest, slice_from(split->guest->peer->reply, split->at));
}

static void split_reply(struct guest *guest) {
  struct split *split = guest->peer->user;
  split->guest = guest;
  guest_say(guest, slice_make(guest->peer->reply.ptr, split->at));
  uv_timer_start(&split->timer, split_second, 1, 0);
}

static void expect_same_when_split(const char *reply, const char *body) {
  struct stage stage;
  struct split split = {.at = 1};
  stage_open(&stage);
  uv_timer_init(&stage.loop.uv, &split.timer);
  split.timer.data = &split;
  stage.peer.user = &split;
  stage.peer.answer = split_reply;
  stage.peer.reply = slice_text(reply);
  for (; split.at < strlen(reply); split.at++) stage_get(&stage, 200, body);
  assert_int_equal(stage.peer.accepted, 1);
  uv_close((uv_handle_t *)&split.timer, NULL);
  stage_close(&stage);
}

static void a_response_may_be_cut_at_every_byte(void **state) {
  (void)state;
  expect_same_when_split(OK "Content-Length: 5\r\nA: b\r\n\r\nhello", "hello");
  expect_same_when_split(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nT: u\r\n\r\n", "hello");
  expect_same_when_split("HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 0\r\n\r\n", "");
}

static void shut(uv_shutdown_t *req, int status) {
  (void)status;
  free(req);
}

static void close_after_reply(struct guest *guest) {
  guest_say(guest, guest->peer->reply);
  uv_shutdown_t *req = malloc(sizeof *req);
  uv_shutdown(req, (uv_stream_t *)&guest->tcp, shut);
}

static void a_body_may_end_with_the_connection(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  stage.peer.answer = close_after_reply;
  stage.peer.reply = SLICE_LITERAL(OK "\r\nuntil the end");
  stage_get(&stage, 200, "until the end");
  stage.peer.reply = SLICE_LITERAL("HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\nold");
  stage_get(&stage, 200, "old");
  assert_int_equal(stage.peer.accepted, 2);
  assert_int_equal(stage_stats(&stage).idle, 0);
  stage_close(&stage);
}

static void responses_without_a_body_end_at_once(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL("HTTP/1.1 204 No Content\r\n\r\n");
  stage_get(&stage, 204, "");
  stage.peer.reply = SLICE_LITERAL("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n");
  stage_get(&stage, 304, "");
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 99\r\n\r\n");
  struct visit visit = {0};
  struct transfer_request request = stage_request(&stage, "HEAD", "/");
  visit_start(&stage, &visit, &request);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "");
  assert_int_equal(stage.peer.accepted, 1);
  stage_close(&stage);
}

struct fault {
  const char *reply, *code;
};

static void a_malformed_response_ends_the_call_and_its_connection(void **state) {
  (void)state;
  static const struct fault faults[] = {
      {OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "upstream_bad_framing"},
      {OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "upstream_bad_framing"},
      {OK "Content-Length: +5\r\n\r\nhello", "upstream_bad_framing"},
      {OK "Content-Length: 5x\r\n\r\nhello", "upstream_bad_framing"},
      {OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "upstream_bad_framing"},
      {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "upstream_bad_response"},
      {"ICY 200 OK\r\n\r\n", "upstream_bad_response"},
      {"<html></html>", "upstream_bad_response"},
      {"HTTP/1.1 99 x\r\n\r\n", "upstream_bad_response"},
      {"HTTP/1.1 1000 x\r\n\r\n", "upstream_bad_response"},
      {"HTTP/3.7 200 OK\r\n\r\n", "upstream_bad_response"},
      {"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n", "upstream_bad_response"},
      {OK "A: b\r\n c\r\nContent-Length: 0\r\n\r\n", "upstream_bad_response"},
      {OK "A: b\rc\r\nContent-Length: 0\r\n\r\n", "upstream_bad_response"},
  };
  struct stage stage;
  stage_open(&stage);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    stage.peer.reply = slice_text(faults[i].reply); /* the server keeps its side open */
    stage_get_error(&stage, faults[i].code, 502);
    assert_int_equal(stage.peer.accepted, i + 1);
    assert_int_equal(stage_stats(&stage).idle, 0);
  }
  stage_run(&stage, 50, NULL);
  assert_int_equal(stage.peer.gone, sizeof faults / sizeof *faults);
  stage_close(&stage);
}

static void endless(struct guest *guest) {
  char block[4096];
  memset(block, 'x', sizeof block);
  memcpy(block, "F: ", 3);
  memcpy(block + sizeof block - 2, "\r\n", 2);
  guest_say_text(guest, OK);
  for (int i = 0; i < 20; i++) guest_say(guest, slice_make(block, sizeof block));
}

static void an_endless_head_is_refused_at_64_kib(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  stage.peer.answer = endless;
  stage_get_error(&stage, "upstream_headers_too_large", 502);
  stage_close(&stage);
}

static void close_at_once(struct guest *guest) {
  guest_close(guest);
}

static void reset_at_once(struct guest *guest) {
  guest_reset(guest);
}

static void cut_after_reply(struct guest *guest) {
  uv_buf_t buf = uv_buf_init((char *)(uintptr_t)guest->peer->reply.ptr, (unsigned)guest->peer->reply.len);
  uv_try_write((uv_stream_t *)&guest->tcp, &buf, 1);
  guest_close(guest);
}

static void a_connection_lost_before_the_answer_is_a_reset_and_nothing_is_sent_again(void **state) {
  (void)state;
  void (*const ends[])(struct guest *) = {close_at_once, reset_at_once};
  for (size_t i = 0; i < 2; i++) {
    struct stage stage;
    struct visit visit = {0};
    stage_open(&stage);
    stage.peer.answer = ends[i];
    visit_post(&stage, &visit, SLICE_LITERAL("{}"));
    visit_wait(&stage, &visit);
    assert_false(visit.untouched);
    assert_false(visit.unsent);
    visit_expect_error(&visit, "upstream_reset", 502);
    stage_run(&stage, 50, NULL);
    assert_int_equal(stage.peer.requests, 1);
    stage_close(&stage);
  }
}

static void a_connection_lost_within_the_answer_is_told(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  stage.peer.answer = cut_after_reply;
  stage.peer.reply = SLICE_LITERAL(OK "Content-Le");
  stage_get_error(&stage, "upstream_reset", 502);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 5\r\n\r\nhell");
  stage_get_error(&stage, "upstream_truncated", 502);
  stage.peer.reply = SLICE_LITERAL(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  stage_get_error(&stage, "upstream_truncated", 502);
  stage_close(&stage);
}

static void a_body_above_its_limit_is_cut_off(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  stage.body_limit = 5;
  stage.peer.reply = SLICE_LITERAL(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  stage_get(&stage, 200, "hello");
  stage.peer.reply = SLICE_LITERAL(OK "Transfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n");
  stage_get_error(&stage, "upstream_too_large", 502);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 6\r\n\r\nhello!");
  stage_get_error(&stage, "upstream_too_large", 502);
  stage_close(&stage);
}

static void nobody_listening_is_refused_at_once(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  char url[64];
  struct peer other;
  stage_open(&stage);
  peer_open(&other, &stage.loop);
  snprintf(url, sizeof url, "http://127.0.0.1:%u", other.port);
  peer_close(&other);
  stage_run(&stage, 1, NULL);
  stage.origin = stage_origin(&stage, url);
  uint64_t start = uv_hrtime();
  visit_get(&stage, &visit);
  visit_wait(&stage, &visit);
  assert_true(uv_hrtime() - start < 1000 * 1000000ULL);
  assert_true(visit.untouched);
  assert_non_null(strstr(visit.error.message, url + 7));
  visit_expect_error(&visit, "upstream_refused", 502);
  stage_close(&stage);
}

static void localhost_tries_both_families(void **state) {
  (void)state;
  struct stage stage;
  struct peer six;
  char url[64];
  stage_open(&stage);
  if (peer_open_at(&six, &stage.loop, "::1", 0) < 0) {
    peer_close(&six);
    stage_close(&stage);
    skip(); /* no IPv6 here */
  }
  snprintf(url, sizeof url, "http://localhost:%u", six.port);
  six.reply = SLICE_LITERAL(OK "Content-Length: 3\r\n\r\nsix");
  stage.origin = stage_origin(&stage, url);
  stage_get(&stage, 200, "six");
  snprintf(url, sizeof url, "http://localhost:%u", stage.peer.port);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 4\r\n\r\nfour");
  stage.origin = stage_origin(&stage, url);
  stage_get(&stage, 200, "four");
  peer_close(&six);
  stage_close(&stage);
}

static void a_name_that_does_not_exist_is_told(void **state) {
  (void)state;
  struct stage stage;
  struct visit visits[3] = {0};
  stage_open(&stage);
  stage.origin = stage_origin(&stage, "http://no-such-host.invalid");
  for (int i = 0; i < 3; i++) visit_get(&stage, &visits[i]); /* one lookup for all */
  for (int i = 0; i < 3; i++) {
    visit_wait(&stage, &visits[i]);
    assert_true(visits[i].untouched);
    assert_non_null(strstr(visits[i].error.message, "no-such-host.invalid"));
    bool late = visits[i].failed && strcmp(visits[i].error.code, "upstream_dns_timeout") == 0;
    visit_expect_error(&visits[i], late ? "upstream_dns_timeout" : "upstream_dns", late ? 504 : 502);
  }
  stage_close(&stage);
}

static void sleep_work(uv_work_t *req) {
  (void)req;
  uv_sleep(200);
}

static void a_slow_resolver_has_its_own_time_limit(void **state) {
  (void)state;
  struct stage stage;
  struct upstream_options options = STAGE_OPTIONS;
  struct visit visit = {0};
  options.dns_timeout_ms = 1; /* no resolver answers before the loop's next turn of the wheel */
  stage_open_with(&stage, &options);
  stage.origin = stage_origin(&stage, "http://no-such-host.invalid");
  uv_work_t work[4];
  for (int i = 0; i < 4; i++) uv_queue_work(&stage.loop.uv, &work[i], sleep_work, NULL); /* every thread is busy */
  visit_get(&stage, &visit);
  visit_wait(&stage, &visit);
  visit_expect_error(&visit, "upstream_dns_timeout", 504);
  stage_run(&stage, 400, NULL);
  stage_close(&stage);
}

static void an_origin_for_the_public_internet_does_not_reach_this_machine(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  struct error error;
  char url[64];
  static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"};
  stage_open(&stage);
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    snprintf(url, sizeof url, "http://%s:%u", hosts[i], stage.peer.port);
    struct origin_options options = {.url = slice_text(url), .public_only = true};
    stage.origin = origin_get(stage.upstream, &options, &error);
    visit = (struct visit){0};
    visit_get(&stage, &visit);
    visit_wait(&stage, &visit);
    assert_true(visit.untouched);
    visit_expect_error(&visit, "upstream_blocked", 502);
  }
  assert_int_equal(stage.peer.accepted, 0);
  stage_close(&stage);
}

static void three_thousand_calls_run_side_by_side(void **state) {
  (void)state;
  enum { CALLS = 3000 };
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 2 * CALLS + 100) skip();
  struct stage stage;
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 5\r\n\r\nhello");
  struct visit all = {0};
  struct visit *visits = calloc(CALLS, sizeof *visits);
  for (unsigned round = 1; round <= 2; round++) {
    all.left = CALLS;
    for (int i = 0; i < CALLS; i++) {
      visits[i] = (struct visit){.after = &all};
      visit_get(&stage, &visits[i]);
    }
    assert_int_equal(stage_stats(&stage).active, CALLS);
    uint64_t end = uv_hrtime() + 30 * 1000000000ULL;
    while (all.left > 0 && uv_hrtime() < end) stage_run(&stage, 5, NULL);
    assert_int_equal(all.left, 0);
    for (int i = 0; i < CALLS; i++) visit_expect(&visits[i], 200, "hello");
    assert_int_equal(stage_stats(&stage).active, 0);
    assert_int_equal(stage_stats(&stage).idle, CALLS);
    assert_int_equal(stage.peer.requests, round * CALLS);
  }
  assert_int_equal(stage.peer.accepted, CALLS); /* the second round found them all in the pool */
  upstream_close_idle(stage.upstream);
  assert_int_equal(stage_stats(&stage).idle, 0);
  free(visits);
  stage_close(&stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_response_may_be_cut_at_every_byte),
      cmocka_unit_test(a_body_may_end_with_the_connection),
      cmocka_unit_test(responses_without_a_body_end_at_once),
      cmocka_unit_test(a_malformed_response_ends_the_call_and_its_connection),
      cmocka_unit_test(an_endless_head_is_refused_at_64_kib),
      cmocka_unit_test(a_connection_lost_before_the_answer_is_a_reset_and_nothing_is_sent_again),
      cmocka_unit_test(a_connection_lost_within_the_answer_is_told),
      cmocka_unit_test(a_body_above_its_limit_is_cut_off),
      cmocka_unit_test(nobody_listening_is_refused_at_once),
      cmocka_unit_test(localhost_tries_both_families),
      cmocka_unit_test(a_name_that_does_not_exist_is_told),
      cmocka_unit_test(a_slow_resolver_has_its_own_time_limit),
      cmocka_unit_test(an_origin_for_the_public_internet_does_not_reach_this_machine),
      cmocka_unit_test(three_thousand_calls_run_side_by_side),
  };
  return cmocka_run_group_tests_name("upstream client", tests, NULL, NULL);
}
