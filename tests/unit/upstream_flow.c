// SPDX-License-Identifier: Apache-2.0
#include "upstream_peer.h"

/* Back pressure, and calls that end before their answer. */

#define OK "HTTP/1.1 200 OK\r\n"
enum { LARGE = 4 * 1024 * 1024 };

static void silence(struct guest *guest) {
  (void)guest;
}

static char pattern(size_t at) {
  return (char)(at ^ (at >> 8) ^ (at >> 16));
}

/* LARGE bytes, with Content-Length or in chunks of 1,000. */
static void large_reply(struct guest *guest) {
  struct buffer reply = {0};
  bool chunked = guest->peer->user != NULL;
  buffer_append_format(&reply, chunked ? OK "Transfer-Encoding: chunked\r\n\r\n" : OK "Content-Length: %d\r\n\r\n",
                       LARGE);
  for (size_t at = 0; at < LARGE;) {
    size_t len = chunked ? (LARGE - at < 1000 ? LARGE - at : 1000) : LARGE;
    if (chunked) buffer_append_format(&reply, "%zx\r\n", len);
    for (size_t i = 0; i < len; i++, at++) {
      char c = pattern(at);
      buffer_append(&reply, &c, 1);
    }
    if (chunked) buffer_append_format(&reply, "\r\n");
  }
  if (chunked) buffer_append_format(&reply, "0\r\n\r\n");
  guest_say(guest, buffer_slice(&reply));
  buffer_free(&reply);
}

static void expect_large(struct visit *visit) {
  assert_false(visit->failed);
  assert_int_equal(visit->body.len, LARGE);
  for (size_t i = 0; i < LARGE; i++) {
    if (visit->body.data[i] != pattern(i)) fail_msg("byte %zu is another", i);
  }
  buffer_free(&visit->body);
}

static void a_paused_call_is_told_nothing_and_the_server_is_held_back(void **state) {
  (void)state;
  for (uintptr_t chunked = 0; chunked < 2; chunked++) {
    struct stage stage;
    struct visit visit = {.pause_at_body = true};
    stage_open(&stage);
    stage.peer.answer = large_reply;
    stage.peer.user = (void *)chunked;
    stage.timeouts.idle = 100; /* does not run while paused */
    visit_get(&stage, &visit);
    stage_run(&stage, 300, &visit.done);
    assert_false(visit.done);
    assert_int_equal(visit.bodies, 1);
    assert_true(visit.body.len <= LOOP_READ_SIZE);
    struct guest *guest = LIST_OWNER(stage.peer.guests.next, struct guest, node);
    assert_true(guest->tcp.write_queue_size > 0);
    visit.pause_at_body = false;
    transfer_resume(visit.transfer);
    assert_int_equal(visit.bodies, 1); /* nothing is told inside the call */
    visit_wait(&stage, &visit);
    expect_large(&visit);
    assert_int_equal(stage_stats(&stage).idle, 1);
    stage_close(&stage);
  }
}

static void a_call_may_be_paused_at_every_piece(void **state) {
  (void)state;
  for (uintptr_t chunked = 0; chunked < 2; chunked++) {
    struct stage stage;
    struct visit visit = {.pause_at_body = true};
    stage_open(&stage);
    stage.peer.answer = large_reply;
    stage.peer.user = (void *)chunked;
    visit_get(&stage, &visit);
    uint64_t end = uv_hrtime() + 8 * 1000000000ULL;
    while (!visit.done && uv_hrtime() < end) {
      unsigned before = visit.bodies;
      uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
      assert_true(visit.bodies <= before + 1);
      if (visit.transfer) transfer_resume(visit.transfer);
    }
    assert_true(visit.done);
    assert_true(visit.bodies > LARGE / LOOP_READ_SIZE / 2);
    expect_large(&visit);
    assert_int_equal(stage_stats(&stage).idle, 1);
    stage_close(&stage);
  }
}

static void a_paused_call_ends_only_when_it_goes_on(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {.pause_at_body = true};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 5\r\n\r\nhello");
  visit_get(&stage, &visit);
  stage_run(&stage, 50, &visit.done);
  assert_int_equal(visit.bodies, 1);
  assert_false(visit.done);
  transfer_resume(visit.transfer);
  assert_false(visit.done);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "hello");
  assert_int_equal(stage_stats(&stage).idle, 1);
  stage_close(&stage);
}

static void a_call_paused_at_its_head_gets_no_body(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {.pause_at_head = true};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 5\r\n\r\nhello");
  visit_get(&stage, &visit);
  stage_run(&stage, 50, &visit.done);
  assert_int_equal(visit.status, 200);
  assert_int_equal(visit.bodies, 0);
  transfer_resume(visit.transfer);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "hello");
  stage_close(&stage);
}

static void a_call_paused_before_its_head_still_gets_it(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 5\r\n\r\nhello");
  visit_get(&stage, &visit);
  transfer_pause(visit.transfer);
  stage_run(&stage, 50, &visit.done);
  assert_int_equal(visit.status, 200);
  assert_int_equal(visit.bodies, 0);
  transfer_resume(visit.transfer);
  transfer_pause(visit.transfer);
  transfer_resume(visit.transfer);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "hello");
  stage_close(&stage);
}

static void the_total_time_also_ends_a_paused_call(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {.pause_at_body = true};
  stage_open(&stage);
  stage.peer.answer = large_reply;
  stage.timeouts.total = 200;
  visit_get(&stage, &visit);
  visit_wait(&stage, &visit);
  visit_expect_error(&visit, "upstream_timeout", 504);
  stage_close(&stage);
}

/* The server must see the close at once, and the owner hears nothing more. */
static void expect_gone(struct stage *stage, struct visit *visit) {
  for (int i = 0; i < 10 && stage->peer.gone == 0; i++) uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
  assert_int_equal(stage->peer.gone, 1);
  stage_run(stage, 30, NULL);
  assert_false(visit->done);
  assert_int_equal(stage_stats(stage).active, 0);
  assert_int_equal(stage_stats(stage).idle, 0);
  buffer_free(&visit->body);
}

static void cancel_closes_a_waiting_call_within_the_turn(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.answer = silence;
  visit_get(&stage, &visit);
  for (int i = 0; i < 200 && stage.peer.requests == 0; i++) stage_run(&stage, 1, NULL);
  transfer_cancel(visit.transfer);
  expect_gone(&stage, &visit);
  stage_close(&stage);
}

static void cancel_closes_a_stream_within_the_turn(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  visit_get(&stage, &visit);
  for (int i = 0; i < 200 && visit.bodies == 0; i++) stage_run(&stage, 1, NULL);
  transfer_cancel(visit.transfer);
  expect_gone(&stage, &visit);
  stage_close(&stage);
}

static void cancel_works_inside_every_event(void **state) {
  (void)state;
  for (int at = 0; at < 2; at++) {
    struct stage stage;
    struct visit visit = {.cancel_at_head = at == 0, .cancel_at_body = at == 1};
    stage_open(&stage);
    stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 5\r\n\r\nhello");
    visit_get(&stage, &visit);
    for (int i = 0; i < 200 && visit.transfer; i++) stage_run(&stage, 1, NULL);
    assert_null(visit.transfer);
    assert_int_equal(visit.bodies, at);
    expect_gone(&stage, &visit);
    stage_close(&stage);
  }
}

static void cancel_works_before_there_is_a_connection(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  visit_get(&stage, &visit);
  transfer_cancel(visit.transfer); /* not even dialled */
  visit_get(&stage, &visit);
  uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
  transfer_cancel(visit.transfer); /* connecting, or just connected */
  stage.origin = stage_origin(&stage, "http://no-such-host.invalid");
  visit_get(&stage, &visit);
  uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
  transfer_cancel(visit.transfer); /* resolving */
  stage_run(&stage, 50, NULL);
  assert_false(visit.done);
  assert_true(stage.peer.accepted <= 1);
  assert_int_equal(stage.peer.gone, stage.peer.accepted);
  stage_close(&stage);
}

static void cancel_works_while_paused(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {.pause_at_body = true};
  stage_open(&stage);
  stage.peer.answer = large_reply;
  visit_get(&stage, &visit);
  for (int i = 0; i < 200 && visit.bodies == 0; i++) stage_run(&stage, 1, NULL);
  transfer_resume(visit.transfer);
  transfer_cancel(visit.transfer);
  expect_gone(&stage, &visit);
  stage_close(&stage);
}

static void cancel_works_while_the_request_is_being_sent(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  size_t size = 32 * 1024 * 1024;
  char *bytes = calloc(1, size);
  stage_open(&stage);
  visit_post(&stage, &visit, slice_make(bytes, size));
  free(bytes); /* it was borrowed until the start returned */
  for (int i = 0; i < 200 && stage.peer.accepted == 0; i++) stage_run(&stage, 1, NULL);
  transfer_cancel(visit.transfer);
  for (int i = 0; i < 800 && stage.peer.gone == 0; i++) stage_run(&stage, 10, NULL);
  assert_int_equal(stage.peer.gone, 1);
  assert_int_equal(stage.peer.requests, 0);
  stage_close(&stage);
}

static void closing_the_upstream_ends_everything(void **state) {
  (void)state;
  struct stage stage;
  struct visit waiting = {0}, idle = {0}, fresh = {0}, lost = {0};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 2\r\n\r\nhi");
  visit_get(&stage, &idle);
  visit_wait(&stage, &idle);
  visit_expect(&idle, 200, "hi");
  visit_get(&stage, &waiting);
  stage.peer.answer = silence;
  visit_get(&stage, &fresh);
  stage.origin = stage_origin(&stage, "http://no-such-host.invalid");
  visit_get(&stage, &lost);
  uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
  upstream_close(stage.upstream);
  stage.upstream = NULL;
  buffer_free(&waiting.body);
  stage_run(&stage, 50, NULL);
  assert_false(fresh.done || lost.done);
  assert_int_equal(stage.peer.gone, stage.peer.accepted);
  stage_close(&stage);
}

static void keep_done(struct transfer *transfer, void *owner, const struct error *error) {
  struct visit *visit = owner;
  (void)transfer;
  assert_null(error);
  visit->done = true;
}

static void an_ended_call_outlives_the_upstream(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  struct error error;
  static const struct transfer_events events = {.head = visit_head, .body = visit_body, .done = keep_done};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 2\r\n\r\nhi");
  struct transfer_request request = stage_request(&stage, "GET", "/");
  assert_int_equal(transfer_start(stage.upstream, &request, &events, &visit, &visit.transfer, &error), 0);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "hi");
  stage_close(&stage);
  assert_false(transfer_untouched(visit.transfer));
  transfer_pause(visit.transfer);
  transfer_resume(visit.transfer);
  transfer_free(visit.transfer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_paused_call_is_told_nothing_and_the_server_is_held_back),
      cmocka_unit_test(a_call_may_be_paused_at_every_piece),
      cmocka_unit_test(a_paused_call_ends_only_when_it_goes_on),
      cmocka_unit_test(a_call_paused_at_its_head_gets_no_body),
      cmocka_unit_test(a_call_paused_before_its_head_still_gets_it),
      cmocka_unit_test(the_total_time_also_ends_a_paused_call),
      cmocka_unit_test(cancel_closes_a_waiting_call_within_the_turn),
      cmocka_unit_test(cancel_closes_a_stream_within_the_turn),
      cmocka_unit_test(cancel_works_inside_every_event),
      cmocka_unit_test(cancel_works_before_there_is_a_connection),
      cmocka_unit_test(cancel_works_while_paused),
      cmocka_unit_test(cancel_works_while_the_request_is_being_sent),
      cmocka_unit_test(closing_the_upstream_ends_everything),
      cmocka_unit_test(an_ended_call_outlives_the_upstream),
  };
  return cmocka_run_group_tests_name("upstream flow", tests, NULL, NULL);
}
