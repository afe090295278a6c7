// SPDX-License-Identifier: Apache-2.0
#include "upstream/room.h"
#include "upstream_scene.h"

/* The curl lane, through proxies of our own on this machine. */

#define OK "HTTP/1.1 200 OK\r\n"
enum { LARGE = 2 * 1024 * 1024 };

static char server_heard[4096];

static bool note_and_reply(struct server_call *call) {
  snprintf(server_heard, sizeof server_heard, "%.*s", (int)call->len, call->in.data);
  return server_reply(call);
}

static void nothing_is_opened_while_nobody_needs_it(void **state) {
  (void)state;
  struct scene scene;
  char url[64];
  scene_open(&scene, OK "Content-Length: 0\r\n\r\n");
  snprintf(url, sizeof url, "http://127.0.0.1:%u", scene.stage.peer.port);
  scene.stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 0\r\n\r\n");
  struct origin *far = scene.stage.origin;
  scene.stage.origin = stage_origin(&scene.stage, url);
  stage_get(&scene.stage, 200, "");
  assert_null(scene.stage.upstream->curl);
  scene.stage.origin = far;
  stage_get(&scene.stage, 200, "");
  assert_non_null(scene.stage.upstream->curl);
  scene_close(&scene);
}

static void a_call_goes_through_the_tunnel_exactly_as_written(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  char expected[512];
  scene_open(&scene, OK "Content-Length: 5\r\nX-A: b\r\n\r\nhello");
  scene.server.answer = note_and_reply;
  struct http_field fields[] = {{SLICE_LITERAL("X-One"), SLICE_LITERAL("1")}, {SLICE_LITERAL("X-Empty"), {0}}};
  struct slice body[] = {SLICE_LITERAL("{\"a\":"), SLICE_LITERAL("1}")};
  struct transfer_request request = stage_request(&scene.stage, "POST", "/v1/../chat?x=%20y");
  request.fields = fields;
  request.field_count = 2;
  request.prepared = SLICE_LITERAL("Authorization: Bearer k\r\nContent-Type: application/json\r\n");
  request.body = body;
  request.body_count = 2;
  request.has_body = true;
  visit_start(&scene.stage, &visit, &request);
  visit_wait(&scene.stage, &visit);
  assert_int_equal(visit.field_count, 2);
  assert_false(visit.untouched);
  visit_expect(&visit, 200, "hello");
  snprintf(
      expected, sizeof expected,
      "POST /v1/../chat?x=%%20y HTTP/1.1\r\nHost: api.test:%u\r\nX-One: 1\r\nX-Empty:\r\nAuthorization: Bearer k\r\n"
      "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
      scene.server.port);
  assert_string_equal(server_heard, expected);
  assert_non_null(strstr(proxy_heard, "CONNECT api.test:"));
  assert_non_null(strstr(proxy_heard, "Proxy-Authorization: Basic dXNlcjpwYXNz"));
  assert_null(strstr(proxy_heard, "Bearer"));
  scene_close(&scene);
}

static void a_plain_call_is_handed_to_the_proxy(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, NULL);
  scene.proxy.reply = OK "Content-Length: 3\r\n\r\nvia";
  scene.stage.origin = stage_origin(&scene.stage, "http://plain.test:8080");
  stage_get(&scene.stage, 200, "via");
  assert_non_null(strstr(proxy_heard, "GET http://plain.test:8080/ HTTP/1.1\r\nHost: plain.test:8080\r\n"));
  scene_close(&scene);
}

static void a_connection_is_used_again(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  for (int i = 0; i < 10; i++) stage_get(&scene.stage, 200, "hello");
  assert_int_equal(scene.server.accepted, 1);
  upstream_close_idle(scene.stage.upstream);
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

static void expect_large(struct visit *visit) {
  if (visit->failed) fail_msg("%s", visit->error.message);
  assert_int_equal(visit->body.len, LARGE);
  for (size_t i = 0; i < LARGE; i++) {
    if (visit->body.data[i] != pattern(i)) fail_msg("byte %zu is another", i);
  }
  buffer_free(&visit->body);
}

static void a_paused_call_holds_little_and_goes_on_whole(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {.pause_at_body = true};
  scene_open(&scene, NULL);
  scene.server.answer = large_reply;
  scene.stage.timeouts.idle = 100;
  visit_get(&scene.stage, &visit);
  stage_run(&scene.stage, 400, &visit.done);
  assert_false(visit.done);
  assert_int_equal(visit.bodies, 1);
  assert_true(visit.body.len <= 2 * LOOP_READ_SIZE);
  visit.pause_at_body = false;
  transfer_resume(visit.transfer);
  assert_int_equal(visit.bodies, 1);
  visit_wait(&scene.stage, &visit);
  expect_large(&visit);
  visit = (struct visit){.pause_at_body = true};
  visit_get(&scene.stage, &visit);
  uint64_t end = uv_hrtime() + 10 * 1000000000ULL;
  while (!visit.done && uv_hrtime() < end) {
    uv_run(&scene.stage.loop.uv, UV_RUN_NOWAIT);
    if (visit.transfer) transfer_resume(visit.transfer);
  }
  expect_large(&visit);
  scene_close(&scene);
}

static void a_large_request_arrives_whole(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  char *bytes = calloc(1, LARGE);
  scene_open(&scene, OK "Content-Length: 2\r\n\r\nhi");
  visit_post(&scene.stage, &visit, slice_make(bytes, LARGE));
  free(bytes);
  visit_wait(&scene.stage, &visit);
  visit_expect(&visit, 200, "hi");
  assert_int_equal(scene.server.body_bytes, LARGE);
  scene_close(&scene);
}

static void cancel_works_at_every_stage(void **state) {
  (void)state;
  struct scene scene;
  struct visit fresh = {0}, at_head = {.cancel_at_head = true}, at_body = {.cancel_at_body = true}, late = {0};
  scene_open(&scene, OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  visit_get(&scene.stage, &fresh);
  transfer_cancel(fresh.transfer);
  visit_get(&scene.stage, &fresh);
  uv_run(&scene.stage.loop.uv, UV_RUN_NOWAIT);
  transfer_cancel(fresh.transfer);
  visit_get(&scene.stage, &at_head);
  visit_get(&scene.stage, &at_body);
  visit_get(&scene.stage, &late);
  for (int i = 0; i < 400 && (at_head.transfer || at_body.transfer || !late.bodies); i++) {
    stage_run(&scene.stage, 5, NULL);
  }
  assert_null(at_head.transfer);
  assert_null(at_body.transfer);
  transfer_cancel(late.transfer);
  stage_run(&scene.stage, 50, NULL);
  assert_false(fresh.done || at_head.done || at_body.done || late.done);
  assert_int_equal(stage_stats(&scene.stage).active, 0);
  buffer_free(&at_body.body);
  buffer_free(&late.body);
  scene_close(&scene);
}

static void sixty_calls_share_several_multis(void **state) {
  (void)state;
  enum { CALLS = 60 };
  struct scene scene;
  struct visit visits[CALLS] = {0};
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhello");
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < CALLS; i++) {
      visits[i] = (struct visit){0};
      visit_get(&scene.stage, &visits[i]);
    }
    for (int i = 0; i < CALLS; i++) {
      visit_wait(&scene.stage, &visits[i]);
      visit_expect(&visits[i], 200, "hello");
    }
  }
  assert_int_equal(scene.server.requests, 2 * CALLS);
  scene_close(&scene);
}

static bool say_nothing(struct server_call *call) {
  (void)call;
  return true;
}

static void closing_the_upstream_ends_running_calls(void **state) {
  (void)state;
  struct scene scene;
  struct visit visits[20] = {0};
  scene_open(&scene, NULL);
  scene.server.answer = say_nothing;
  for (int i = 0; i < 20; i++) visit_get(&scene.stage, &visits[i]);
  for (int i = 0; i < 400 && scene.server.requests < 10; i++) stage_run(&scene.stage, 5, NULL);
  upstream_close(scene.stage.upstream);
  scene.stage.upstream = NULL;
  stage_run(&scene.stage, 20, NULL);
  for (int i = 0; i < 20; i++) assert_false(visits[i].done);
  scene_close(&scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_opened_while_nobody_needs_it),
      cmocka_unit_test(a_call_goes_through_the_tunnel_exactly_as_written),
      cmocka_unit_test(a_plain_call_is_handed_to_the_proxy),
      cmocka_unit_test(a_connection_is_used_again),
      cmocka_unit_test(a_paused_call_holds_little_and_goes_on_whole),
      cmocka_unit_test(a_large_request_arrives_whole),
      cmocka_unit_test(cancel_works_at_every_stage),
      cmocka_unit_test(sixty_calls_share_several_multis),
      cmocka_unit_test(closing_the_upstream_ends_running_calls),
  };
  return cmocka_run_group_tests_name("upstream curl", tests, setup, teardown);
}
