// SPDX-License-Identifier: Apache-2.0
#include "upstream_peer.h"

/* Requests whose body is sent as it comes, and connections that become something else. */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void turn_deaf(struct guest *guest) {
  guest->deaf = true;
}

/* The first connection's guest, once there is one, who reads and says nothing by itself. */
static struct guest *guest_wait(struct stage *stage) {
  for (int i = 0; i < 2000 && list_empty(&stage->peer.guests); i++) stage_run(stage, 1, NULL);
  assert_false(list_empty(&stage->peer.guests));
  struct guest *guest = LIST_OWNER(stage->peer.guests.next, struct guest, node);
  guest->deaf = true;
  return guest;
}

static void guest_expect(struct stage *stage, struct guest *guest, const char *end) {
  size_t len = strlen(end);
  for (int i = 0; i < 2000; i++) {
    if (guest->in.len >= len && memcmp(guest->in.data + guest->in.len - len, end, len) == 0) return;
    stage_run(stage, 1, NULL);
  }
  fail_msg("%.*s does not end in %s", (int)guest->in.len, guest->in.data, end);
}

static bool guest_has(const struct guest *guest, const char *text) {
  return guest->in.len > 0 && memmem(guest->in.data, guest->in.len, text, strlen(text));
}

static struct transfer_request upload_request(struct stage *stage, long long length) {
  struct transfer_request request = stage_request(stage, "POST", "/v1/files");
  request.body_streams = true;
  request.length_known = length >= 0;
  request.length = length >= 0 ? (uint64_t)length : 0;
  return request;
}

static void upload_start(struct stage *stage, struct visit *visit, long long length) {
  struct transfer_request request = upload_request(stage, length);
  stage->peer.accepting = turn_deaf;
  visit_start(stage, visit, &request);
}

static void a_body_of_known_length_goes_out_as_it_comes(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  upload_start(&stage, &visit, 6);
  assert_true(transfer_send(visit.transfer, SLICE_LITERAL("ab"), false)); /* before there is a connection */
  struct guest *guest = guest_wait(&stage);
  guest_expect(&stage, guest, "\r\n\r\nab");
  assert_true(guest_has(guest, "\r\nContent-Length: 6\r\n"));
  assert_true(transfer_send(visit.transfer, SLICE_LITERAL("cd"), false));
  guest_expect(&stage, guest, "abcd");
  assert_true(transfer_send(visit.transfer, SLICE_LITERAL("ef"), true));
  guest_expect(&stage, guest, "abcdef");
  guest_say_text(guest, OK);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "ok");
  assert_int_equal(stage_stats(&stage).idle, 1);
  stage_close(&stage);
}

static void a_body_of_unknown_length_goes_in_chunks(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  struct slice first = SLICE_LITERAL("0123456789abcdef");
  stage_open(&stage);
  struct transfer_request request = upload_request(&stage, -1);
  request.body = &first;
  request.body_count = 1;
  stage.peer.accepting = turn_deaf;
  visit_start(&stage, &visit, &request);
  struct guest *guest = guest_wait(&stage);
  guest_expect(&stage, guest, "\r\n\r\n10\r\n0123456789abcdef\r\n");
  assert_true(guest_has(guest, "\r\nTransfer-Encoding: chunked\r\n"));
  assert_false(guest_has(guest, "Content-Length"));
  transfer_send(visit.transfer, SLICE_LITERAL("x"), false);
  transfer_send(visit.transfer, (struct slice){0}, false); /* would be the end */
  guest_expect(&stage, guest, "\r\n1\r\nx\r\n");
  transfer_send(visit.transfer, SLICE_LITERAL("y"), true);
  guest_expect(&stage, guest, "\r\n1\r\ny\r\n0\r\n\r\n");
  guest_say_text(guest, OK);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "ok");
  stage_close(&stage);
}

static void an_upstream_that_does_not_read_holds_the_sender_back(void **state) {
  (void)state;
  enum { PIECE = 64 * 1024, LENGTH = 400 * PIECE };
  struct stage stage;
  struct visit visit = {.writable = true};
  stage_open(&stage);
  upload_start(&stage, &visit, LENGTH);
  struct guest *guest = guest_wait(&stage);
  uv_read_stop((uv_stream_t *)&guest->tcp);
  char *piece = calloc(1, PIECE);
  size_t sent = 0;
  while (transfer_send(visit.transfer, slice_make(piece, PIECE), false)) {
    sent += PIECE;
    stage_run(&stage, 1, NULL);
    assert_true(sent < LENGTH);
  }
  sent += PIECE;
  visit.writable = false;
  stage_run(&stage, 20, NULL);
  assert_int_equal(visit.writables, 0);
  uv_read_start((uv_stream_t *)&guest->tcp, loop_read_alloc, guest_read);
  assert_true(stage_run(&stage, 8000, &visit.writable));
  while (sent < LENGTH) {
    sent += PIECE;
    visit.writable = false;
    if (!transfer_send(visit.transfer, slice_make(piece, PIECE), sent == LENGTH) && sent < LENGTH)
      assert_true(stage_run(&stage, 8000, &visit.writable));
  }
  for (int i = 0; i < 4000 && guest->in.len < LENGTH; i++) stage_run(&stage, 1, NULL);
  guest_say_text(guest, OK);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "ok");
  free(piece);
  stage_close(&stage);
}

static void an_answer_before_the_bodys_end_counts_and_its_connection_does_not(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  upload_start(&stage, &visit, 100);
  transfer_send(visit.transfer, SLICE_LITERAL("ab"), false);
  struct guest *guest = guest_wait(&stage);
  guest_expect(&stage, guest, "ab");
  guest_say_text(guest, "HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig");
  visit_wait(&stage, &visit);
  visit_expect(&visit, 413, "big");
  assert_int_equal(stage_stats(&stage).idle, 0);
  stage_close(&stage);
}

static void an_answer_and_a_close_while_much_is_sent_is_heard(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  upload_start(&stage, &visit, 1 << 30);
  struct guest *guest = guest_wait(&stage);
  uv_read_stop((uv_stream_t *)&guest->tcp);
  char *piece = calloc(1, 1 << 20);
  while (transfer_send(visit.transfer, slice_make(piece, 1 << 20), false)) stage_run(&stage, 1, NULL);
  guest_say_text(guest, "HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig");
  stage_run(&stage, 5, NULL);
  if (!visit.done) guest_reset(guest);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 413, "big");
  free(piece);
  stage_close(&stage);
}

static void a_request_that_did_not_leave_whole_is_told(void **state) {
  (void)state;
  enum { BYTES = 16 << 20 };
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  char *body = calloc(1, BYTES);
  visit_post(&stage, &visit, slice_make(body, BYTES));
  struct guest *guest = guest_wait(&stage);
  uv_read_stop((uv_stream_t *)&guest->tcp);
  guest_reset(guest);
  visit_wait(&stage, &visit);
  assert_true(visit.unsent);
  assert_false(visit.untouched);
  visit_expect_error(&visit, "upstream_reset", 502);
  free(body);
  stage_close(&stage);
}

static void an_upstream_that_goes_within_the_body_fails_the_call(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  upload_start(&stage, &visit, 100);
  transfer_send(visit.transfer, SLICE_LITERAL("ab"), false);
  struct guest *guest = guest_wait(&stage);
  guest_expect(&stage, guest, "ab");
  guest_close(guest);
  visit_wait(&stage, &visit);
  visit_expect_error(&visit, "upstream_reset", 502);
  assert_false(visit.untouched);
  assert_true(visit.unsent);
  stage_close(&stage);
}

static void the_upstreams_time_does_not_run_while_ours_does(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.timeouts.first_byte = 100;
  stage.timeouts.idle = 100;
  upload_start(&stage, &visit, 4);
  transfer_send(visit.transfer, SLICE_LITERAL("ab"), false);
  struct guest *guest = guest_wait(&stage);
  guest_expect(&stage, guest, "ab");
  stage_run(&stage, 300, NULL);
  assert_false(visit.done);
  transfer_send(visit.transfer, SLICE_LITERAL("cd"), true);
  visit_wait(&stage, &visit);
  visit_expect_error(&visit, "upstream_timeout", 504);
  stage_close(&stage);
}

static void a_cancel_within_the_body_closes(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  upload_start(&stage, &visit, -1);
  transfer_send(visit.transfer, SLICE_LITERAL("ab"), false);
  struct guest *guest = guest_wait(&stage);
  guest_expect(&stage, guest, "ab\r\n");
  transfer_cancel(visit.transfer);
  for (int i = 0; i < 2000 && stage.peer.gone == 0; i++) stage_run(&stage, 1, NULL);
  assert_int_equal(stage.peer.gone, 1);
  stage_close(&stage);
}

/* ---- upgrades ---- */

static void upgrade_start(struct stage *stage, struct visit *visit) {
  struct transfer_request request = stage_request(stage, "GET", "/v1/realtime");
  request.upgrade = SLICE_LITERAL("websocket");
  visit_start(stage, visit, &request);
}

static void a_switched_connection_carries_bytes_both_ways(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL("HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n\x81\x01!");
  upgrade_start(&stage, &visit);
  for (int i = 0; i < 2000 && visit.body.len < 3; i++) stage_run(&stage, 1, NULL);
  assert_int_equal(visit.status, 101);
  assert_non_null(
      memmem(stage.peer.last.data, stage.peer.last.len, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", 43));
  struct guest *guest = guest_wait(&stage);
  transfer_send(visit.transfer, SLICE_LITERAL("\x82\x01?"), false);
  guest_expect(&stage, guest, "\x82\x01?");
  guest_close(guest);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 101, "\x81\x01!");
  assert_int_equal(stage_stats(&stage).idle, 0);
  stage_close(&stage);
}

static void a_refused_upgrade_is_an_answer_like_any_other(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL("HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno");
  upgrade_start(&stage, &visit);
  visit_wait(&stage, &visit);
  visit_expect(&visit, 403, "no");
  assert_int_equal(stage_stats(&stage).idle, 1);
  stage_close(&stage);
}

static void a_switch_to_something_else_is_no_answer(void **state) {
  (void)state;
  static const char *const replies[] = {
      "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
      "HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\n",
      "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
    struct stage stage;
    struct visit visit = {0};
    stage_open(&stage);
    stage.peer.reply = slice_text(replies[i]);
    upgrade_start(&stage, &visit);
    visit_wait(&stage, &visit);
    visit_expect_error(&visit, "upstream_bad_response", 502);
    stage_close(&stage);
  }
}

static void a_silent_switched_connection_ends(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.timeouts.idle = 100;
  stage.peer.reply = SLICE_LITERAL("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  upgrade_start(&stage, &visit);
  for (int i = 0; i < 8; i++) { /* it is not silent while one side talks */
    stage_run(&stage, 40, NULL);
    if (visit.status == 101) transfer_send(visit.transfer, SLICE_LITERAL("x"), false);
  }
  assert_false(visit.done);
  visit_wait(&stage, &visit);
  visit_expect_error(&visit, "upstream_timeout", 504);
  stage_close(&stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_body_of_known_length_goes_out_as_it_comes),
      cmocka_unit_test(a_body_of_unknown_length_goes_in_chunks),
      cmocka_unit_test(an_upstream_that_does_not_read_holds_the_sender_back),
      cmocka_unit_test(an_answer_before_the_bodys_end_counts_and_its_connection_does_not),
      cmocka_unit_test(an_answer_and_a_close_while_much_is_sent_is_heard),
      cmocka_unit_test(a_request_that_did_not_leave_whole_is_told),
      cmocka_unit_test(an_upstream_that_goes_within_the_body_fails_the_call),
      cmocka_unit_test(the_upstreams_time_does_not_run_while_ours_does),
      cmocka_unit_test(a_cancel_within_the_body_closes),
      cmocka_unit_test(a_switched_connection_carries_bytes_both_ways),
      cmocka_unit_test(a_refused_upgrade_is_an_answer_like_any_other),
      cmocka_unit_test(a_switch_to_something_else_is_no_answer),
      cmocka_unit_test(a_silent_switched_connection_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
