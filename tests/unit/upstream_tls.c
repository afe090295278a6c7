// SPDX-License-Identifier: Apache-2.0
#include "upstream_server.h"

/* The HTTP/1.1 lane over TLS. */

#define OK "HTTP/1.1 200 OK\r\n"
enum { LARGE = 4 * 1024 * 1024 };

static struct certificate authority, leaf;
static char *ca_path;

static int setup(void **state) {
  (void)state;
  authority = certificate_make(NULL, NULL);
  leaf = certificate_make(&authority, "IP:127.0.0.1,DNS:other.test");
  ca_path = certificate_write(&authority);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  certificate_remove(ca_path);
  certificate_free(&authority);
  certificate_free(&leaf);
  return 0;
}

/* A stage whose origin is a TLS server. */
struct scene {
  struct stage stage;
  struct server server;
  SSL_CTX *tls;
};

static void scene_open(struct scene *scene, const char *reply, const char *ca_file) {
  char url[64];
  struct upstream_options options = STAGE_OPTIONS;
  options.ca_file = ca_file;
  stage_open_with(&scene->stage, &options);
  scene->tls = certificate_server(&leaf);
  server_open(&scene->server, scene->tls, reply);
  snprintf(url, sizeof url, "https://127.0.0.1:%u", scene->server.port);
  scene->stage.origin = stage_origin(&scene->stage, url);
}

static void scene_close(struct scene *scene) {
  stage_close(&scene->stage);
  server_close(&scene->server);
  SSL_CTX_free(scene->tls);
}

static void a_trusted_server_is_talked_to_and_its_connection_kept(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhello", ca_path);
  for (int i = 0; i < 50; i++) stage_get(&scene.stage, 200, "hello");
  assert_int_equal(scene.server.accepted, 1);
  assert_int_equal(scene.server.requests, 50);
  assert_int_equal(stage_stats(&scene.stage).reuses, 49);
  scene_close(&scene);
}

static void a_new_connection_resumes_the_session(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Connection: close\r\nContent-Length: 5\r\n\r\nhello", ca_path);
  for (int i = 0; i < 4; i++) stage_get(&scene.stage, 200, "hello");
  assert_int_equal(scene.server.accepted, 4);
  assert_int_equal(scene.server.resumed, 3);
  scene_close(&scene);
}

static void expect_tls_error(struct scene *scene, const char *reason) {
  struct visit visit = {0};
  visit_get(&scene->stage, &visit);
  visit_wait(&scene->stage, &visit);
  assert_true(visit.untouched);
  if (!strstr(visit.error.message, reason)) fail_msg("no \"%s\" in: %s", reason, visit.error.message);
  visit_expect_error(&visit, "upstream_tls", 502);
  assert_int_equal(scene->server.requests, 0);
}

static void an_unknown_authority_is_refused(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "\r\n", NULL);
  expect_tls_error(&scene, "unable to get local issuer certificate");
  scene_close(&scene);
}

static void another_name_is_refused(void **state) {
  (void)state;
  struct scene scene;
  char url[64];
  scene_open(&scene, OK "\r\n", ca_path);
  snprintf(url, sizeof url, "https://localhost:%u", scene.server.port);
  scene.stage.origin = stage_origin(&scene.stage, url);
  expect_tls_error(&scene, "ostname mismatch");
  assert_int_equal(scene.server.accepted, 1); /* another address would not help */
  scene_close(&scene);
}

static void an_origin_may_waive_verification(void **state) {
  (void)state;
  struct scene scene;
  struct error error;
  char url[64];
  scene_open(&scene, OK "Content-Length: 2\r\n\r\nhi", NULL);
  snprintf(url, sizeof url, "https://127.0.0.1:%u", scene.server.port);
  struct origin_options options = {.url = slice_text(url), .tls_insecure = true};
  scene.stage.origin = origin_get(scene.stage.upstream, &options, &error);
  stage_get(&scene.stage, 200, "hi");
  scene_close(&scene);
}

static bool reply_and_notify(struct server_call *call) {
  server_reply(call);
  SSL_shutdown(call->ssl);
  return false;
}

static bool reply_and_cut(struct server_call *call) {
  server_reply(call);
  return false;
}

static void a_body_until_close_needs_the_close_notify(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "\r\nhello", ca_path);
  scene.server.answer = reply_and_notify;
  stage_get(&scene.stage, 200, "hello");
  scene.server.answer = reply_and_cut;
  stage_get_error(&scene.stage, "upstream_truncated", 502);
  scene_close(&scene);
}

static void a_whole_response_needs_no_close_notify(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhello", ca_path);
  scene.server.answer = reply_and_cut;
  stage_get(&scene.stage, 200, "hello");
  stage_run(&scene.stage, 50, NULL);
  assert_int_equal(stage_stats(&scene.stage).idle, 0);
  scene.server.answer = reply_and_notify;
  stage_get(&scene.stage, 200, "hello");
  stage_run(&scene.stage, 50, NULL);
  assert_int_equal(stage_stats(&scene.stage).idle, 0);
  scene_close(&scene);
}

static bool reply_byte_by_byte(struct server_call *call) {
  for (const char *p = call->server->reply; *p; p++) server_say(call, slice_make(p, 1));
  return true;
}

static void a_response_may_come_in_records_of_one_byte(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", ca_path);
  scene.server.answer = reply_byte_by_byte;
  stage_get(&scene.stage, 200, "hello");
  stage_get(&scene.stage, 200, "hello");
  assert_int_equal(scene.server.accepted, 1);
  scene_close(&scene);
}

static bool reply_then_garbage(struct server_call *call) {
  server_reply(call);
  return send(call->fd, "this is no TLS record", 21, MSG_NOSIGNAL) == 21;
}

static void a_broken_record_ends_the_call(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhel", ca_path);
  scene.server.answer = reply_then_garbage;
  struct visit visit = {0};
  visit_get(&scene.stage, &visit);
  visit_wait(&scene.stage, &visit);
  assert_int_equal(visit.status, 200);
  visit_expect_error(&visit, "upstream_tls", 502);
  scene_close(&scene);
}

static void extra_bytes_in_the_same_record_forbid_reuse(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhelloEXTRA", ca_path);
  stage_get(&scene.stage, 200, "hello");
  stage_get(&scene.stage, 200, "hello");
  assert_int_equal(scene.server.accepted, 2);
  scene_close(&scene);
}

static char pattern(size_t at) {
  return (char)(at ^ (at >> 8) ^ (at >> 16));
}

static bool large_reply(struct server_call *call) {
  char *bytes = malloc(LARGE);
  char head[64];
  for (size_t i = 0; i < LARGE; i++) bytes[i] = pattern(i);
  snprintf(head, sizeof head, OK "Content-Length: %d\r\n\r\n", LARGE);
  bool said = server_say_text(call, head) && server_say(call, slice_make(bytes, LARGE));
  free(bytes);
  return said;
}

static void a_large_body_may_be_paused_at_every_piece(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {.pause_at_body = true};
  scene_open(&scene, NULL, ca_path);
  scene.server.answer = large_reply;
  visit_get(&scene.stage, &visit);
  uint64_t end = uv_hrtime() + 20 * 1000000000ULL;
  while (!visit.done && uv_hrtime() < end) {
    unsigned before = visit.bodies;
    uv_run(&scene.stage.loop.uv, UV_RUN_NOWAIT);
    assert_true(visit.bodies <= before + 1);
    if (visit.transfer) transfer_resume(visit.transfer);
  }
  assert_true(visit.done && !visit.failed);
  assert_int_equal(visit.body.len, LARGE);
  for (size_t i = 0; i < LARGE; i++) {
    if (visit.body.data[i] != pattern(i)) fail_msg("byte %zu is another", i);
  }
  buffer_free(&visit.body);
  assert_int_equal(stage_stats(&scene.stage).idle, 1);
  scene_close(&scene);
}

static void a_paused_stream_hears_nothing(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {.pause_at_body = true};
  scene_open(&scene, NULL, ca_path);
  scene.server.answer = large_reply;
  visit_get(&scene.stage, &visit);
  stage_run(&scene.stage, 300, &visit.done);
  assert_int_equal(visit.bodies, 1);
  assert_true(visit.body.len <= LOOP_READ_SIZE);
  transfer_cancel(visit.transfer);
  buffer_free(&visit.body);
  scene_close(&scene);
}

static void a_large_request_arrives_whole(void **state) {
  (void)state;
  struct scene scene;
  char *bytes = calloc(1, LARGE);
  scene_open(&scene, OK "Content-Length: 2\r\n\r\nhi", ca_path);
  for (int round = 0; round < 2; round++) {
    struct visit visit = {0};
    visit_post(&scene.stage, &visit, slice_make(bytes, LARGE));
    visit_wait(&scene.stage, &visit);
    visit_expect(&visit, 200, "hi");
  }
  assert_int_equal(scene.server.body_bytes, 2 * LARGE);
  assert_int_equal(scene.server.accepted, 1);
  free(bytes);
  scene_close(&scene);
}

static void a_server_that_never_shakes_hands_times_out(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  char url[64];
  stage_open(&stage);
  stage.peer.accepting = NULL; /* reads what comes and says nothing */
  stage.timeouts.connect = 200;
  snprintf(url, sizeof url, "https://127.0.0.1:%u", stage.peer.port);
  stage.origin = stage_origin(&stage, url);
  uint64_t start = uv_hrtime();
  visit_get(&stage, &visit);
  visit_wait(&stage, &visit);
  assert_true(uv_hrtime() - start >= 195 * 1000000ULL);
  assert_true(visit.untouched);
  assert_non_null(strstr(visit.error.message, "TLS"));
  visit_expect_error(&visit, "upstream_connect_timeout", 504);
  stage_close(&stage);
}

static void talk_plainly(struct guest *guest) {
  guest_say_text(guest, "HTTP/1.1 400 Bad Request\r\n\r\n");
}

static void hang_up(struct guest *guest) {
  guest_close(guest);
}

static void a_server_without_tls_is_told(void **state) {
  (void)state;
  void (*const ways[])(struct guest *) = {talk_plainly, hang_up};
  for (size_t i = 0; i < 2; i++) {
    struct stage stage;
    char url[64];
    stage_open(&stage);
    stage.peer.accepting = ways[i];
    snprintf(url, sizeof url, "https://127.0.0.1:%u", stage.peer.port);
    stage.origin = stage_origin(&stage, url);
    stage_get_error(&stage, "upstream_tls", 502);
    stage_close(&stage);
  }
}

static void two_hundred_calls_run_side_by_side(void **state) {
  (void)state;
  enum { CALLS = 200 };
  struct scene scene;
  struct visit visits[CALLS] = {0};
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhello", ca_path);
  scene.stage.timeouts.connect = 8000;
  for (int i = 0; i < CALLS; i++) visit_get(&scene.stage, &visits[i]);
  for (int i = 0; i < CALLS; i++) {
    visit_wait(&scene.stage, &visits[i]);
    visit_expect(&visits[i], 200, "hello");
  }
  assert_int_equal(scene.server.accepted, CALLS);
  scene_close(&scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_trusted_server_is_talked_to_and_its_connection_kept),
      cmocka_unit_test(a_new_connection_resumes_the_session),
      cmocka_unit_test(an_unknown_authority_is_refused),
      cmocka_unit_test(another_name_is_refused),
      cmocka_unit_test(an_origin_may_waive_verification),
      cmocka_unit_test(a_body_until_close_needs_the_close_notify),
      cmocka_unit_test(a_whole_response_needs_no_close_notify),
      cmocka_unit_test(a_response_may_come_in_records_of_one_byte),
      cmocka_unit_test(a_broken_record_ends_the_call),
      cmocka_unit_test(extra_bytes_in_the_same_record_forbid_reuse),
      cmocka_unit_test(a_large_body_may_be_paused_at_every_piece),
      cmocka_unit_test(a_paused_stream_hears_nothing),
      cmocka_unit_test(a_large_request_arrives_whole),
      cmocka_unit_test(a_server_that_never_shakes_hands_times_out),
      cmocka_unit_test(a_server_without_tls_is_told),
      cmocka_unit_test(two_hundred_calls_run_side_by_side),
  };
  return cmocka_run_group_tests_name("upstream tls", tests, setup, teardown);
}
