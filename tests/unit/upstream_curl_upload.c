// SPDX-License-Identifier: Apache-2.0
#include "upstream_scene.h"

/* Bodies that go through a proxy as they come. */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum { PIECE = 100 * 1000, PIECES = 200 };

static void upload_start(struct scene *scene, struct visit *visit, bool length_known) {
  struct transfer_request request = stage_request(&scene->stage, "POST", "/v1/files");
  request.body_streams = true;
  request.length_known = length_known;
  request.length = length_known ? (uint64_t)PIECE * PIECES : 0;
  visit_start(&scene->stage, visit, &request);
}

static void pieces_send(struct scene *scene, struct visit *visit, unsigned count) {
  char *piece = malloc(PIECE);
  memset(piece, 'x', PIECE);
  for (unsigned i = 1; i <= count && !visit->done; i++) {
    visit->writable = false;
    bool more = transfer_send(visit->transfer, slice_make(piece, PIECE), i == PIECES);
    if (!more && i < PIECES && !stage_run(&scene->stage, 8000, &visit->writable)) fail_msg("piece %u never left", i);
  }
  free(piece);
}

static void a_body_of_known_length_goes_out_as_it_comes(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  scene_open(&scene, OK);
  upload_start(&scene, &visit, true);
  pieces_send(&scene, &visit, PIECES);
  visit_wait(&scene.stage, &visit);
  visit_expect(&visit, 200, "ok");
  assert_int_equal(scene.server.body_bytes, PIECE * PIECES);
  assert_true(visit.writables > 0);
  scene_close(&scene);
}

/* The end of a chunked body is looked for by its last bytes. */
static bool chunks_reply(struct server_call *call) {
  static const char end[] = "\r\n0\r\n\r\n";
  char bytes[65536];
  while (call->in.len < sizeof end || memcmp(call->in.data + call->in.len - 7, end, 7) != 0) {
    ssize_t len = server_read(call, bytes, sizeof bytes);
    if (len <= 0) return false;
    buffer_append(&call->in, bytes, (size_t)len);
  }
  if (!memmem(call->in.data, call->len, "Transfer-Encoding: chunked\r\n", 28)) return false;
  for (size_t i = call->len; i < call->in.len; i++) call->server->body_bytes += call->in.data[i] == 'x';
  server_reply(call);
  return false;
}

static void a_body_of_unknown_length_goes_in_chunks(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  scene_open(&scene, OK);
  scene.server.answer = chunks_reply;
  upload_start(&scene, &visit, false);
  pieces_send(&scene, &visit, 3);
  stage_run(&scene.stage, 50, NULL); /* nothing is there to be sent for a while */
  transfer_send(visit.transfer, SLICE_LITERAL("xx"), true);
  visit_wait(&scene.stage, &visit);
  visit_expect(&visit, 200, "ok");
  assert_int_equal(scene.server.body_bytes, 3 * PIECE + 2);
  scene_close(&scene);
}

/* Answers at the head, and lingers: a close with bytes unread would reset the answer away. */
static bool early_request(struct server_call *call) {
  char rest[4096];
  server_reply(call);
  while (server_read(call, rest, sizeof rest) > 0) continue;
  return false;
}

static void an_answer_before_the_bodys_end_counts(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  scene_open(&scene, "HTTP/1.1 413 X\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
  scene.server.answer = early_request;
  upload_start(&scene, &visit, false); /* without a length the server takes the head for all of it */
  transfer_send(visit.transfer, SLICE_LITERAL("x"), false);
  visit_wait(&scene.stage, &visit);
  visit_expect(&visit, 413, "big");
  scene_close(&scene);
}

/* Leaves at the head. */
static bool leave(struct server_call *call) {
  (void)call;
  return false;
}

static void an_upstream_that_leaves_while_nothing_is_there_to_be_sent_is_missed(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  scene_open(&scene, OK);
  scene.server.answer = leave;
  upload_start(&scene, &visit, false);
  visit_wait(&scene.stage, &visit);
  assert_true(visit.failed);
  assert_int_equal(visit.error.status, 502);
  scene_close(&scene);
}

static void our_own_waiting_takes_none_of_the_upstreams_time(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  scene_open(&scene, OK);
  scene.stage.timeouts.first_byte = scene.stage.timeouts.idle = 150;
  upload_start(&scene, &visit, true);
  pieces_send(&scene, &visit, 1);
  stage_run(&scene.stage, 500, NULL);
  assert_false(visit.done);
  transfer_cancel(visit.transfer);
  stage_run(&scene.stage, 20, NULL);
  assert_int_equal(stage_stats(&scene.stage).active, 0);
  scene_close(&scene);
}

static void no_connection_is_upgraded_through_a_proxy(void **state) {
  (void)state;
  struct scene scene;
  struct error error;
  struct transfer *transfer;
  scene_open(&scene, OK);
  struct transfer_request request = stage_request(&scene.stage, "GET", "/v1/realtime");
  request.upgrade = SLICE_LITERAL("websocket");
  assert_false(origin_upgrades(scene.stage.origin));
  assert_int_equal(transfer_start(scene.stage.upstream, &request, &VISIT_EVENTS, NULL, &transfer, &error), -1);
  assert_string_equal(error.code, "upstream_bad_request");
  scene_close(&scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_body_of_known_length_goes_out_as_it_comes),
      cmocka_unit_test(a_body_of_unknown_length_goes_in_chunks),
      cmocka_unit_test(an_answer_before_the_bodys_end_counts),
      cmocka_unit_test(an_upstream_that_leaves_while_nothing_is_there_to_be_sent_is_missed),
      cmocka_unit_test(our_own_waiting_takes_none_of_the_upstreams_time),
      cmocka_unit_test(no_connection_is_upgraded_through_a_proxy),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
