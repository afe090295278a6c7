// SPDX-License-Identifier: Apache-2.0
#include "upstream_scene.h"

/* What goes wrong in the curl lane, and what libcurl alone would have taken. */

#define OK "HTTP/1.1 200 OK\r\n"

struct fault {
  const char *reply, *code;
};

static void what_libcurl_would_take_is_refused(void **state) {
  (void)state;
  static const struct fault faults[] = {
      {OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "upstream_bad_framing"},
      {OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "upstream_bad_framing"},
      {OK "Content-Length: +5\r\n\r\nhello", "upstream_bad_framing"},
      {OK "Content-Length: 5x\r\n\r\nhello", "upstream_bad_framing"},
      {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "upstream_bad_response"},
      {OK "A: b\r\n c\r\nContent-Length: 0\r\n\r\n", "upstream_bad_response"},
      {OK "A: b\rc\r\nContent-Length: 0\r\n\r\n", "upstream_bad_response"},
      {"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\nbody", "upstream_bad_response"},
      {"HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n", "upstream_bad_response"},
      {"<html>old</html>", "upstream_bad_response"},
      {"HTTP/2 200 x\r\nContent-Length: 0\r\n\r\n", "upstream_bad_response"},
  };
  struct scene scene;
  scene_open(&scene, NULL);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    scene.server.reply = faults[i].reply;
    stage_get_error(&scene.stage, faults[i].code, 502);
  }
  scene_close(&scene);
}

static bool flood_interim(struct server_call *call) {
  for (int i = 0; i < 100; i++) server_say_text(call, "HTTP/1.1 100 Continue\r\n\r\n");
  return server_reply(call);
}

static bool flood_line(struct server_call *call) {
  char *line = malloc(120000);
  memset(line, 'x', 120000);
  bool said = server_say_text(call, OK "F: ") && server_say(call, slice_make(line, 120000)) &&
              server_say_text(call, "\r\nContent-Length: 0\r\n\r\n");
  free(line);
  return said;
}

static void floods_before_the_body_are_stopped(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 0\r\n\r\n");
  scene.server.answer = flood_interim;
  stage_get_error(&scene.stage, "upstream_bad_response", 502);
  scene.server.answer = flood_line;
  stage_get_error(&scene.stage, "upstream_headers_too_large", 502);
  scene_close(&scene);
}

static bool reply_and_close(struct server_call *call) {
  server_reply(call);
  return false;
}

static void a_response_that_is_cut_is_told(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhel");
  scene.server.answer = reply_and_close;
  stage_get_error(&scene.stage, "upstream_truncated", 502);
  scene.server.reply = OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  stage_get_error(&scene.stage, "upstream_truncated", 502);
  scene.server.reply = "";
  stage_get_error(&scene.stage, "upstream_reset", 502);
  scene_close(&scene);
}

static bool answer_once(struct server_call *call) {
  return call->requests == 1 && server_reply(call);
}

static void a_post_on_a_reused_connection_reaches_the_server_once(void **state) {
  (void)state;
  struct scene scene;
  struct visit visit = {0};
  scene_open(&scene, OK "Content-Length: 2\r\n\r\nhi");
  scene.server.answer = answer_once;
  stage_get(&scene.stage, 200, "hi");
  visit_post(&scene.stage, &visit, SLICE_LITERAL("{\"costs\":\"money\"}"));
  visit_wait(&scene.stage, &visit);
  assert_false(visit.untouched);
  visit_expect_error(&visit, "upstream_reset", 502);
  stage_run(&scene.stage, 100, NULL);
  assert_int_equal(scene.server.requests, 2);
  scene_close(&scene);
}

/* Without a body libcurl could send it again; so it never goes out on a connection that may be dying. */
static void a_post_without_a_body_gets_a_connection_of_its_own(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 2\r\n\r\nhi");
  scene.server.answer = answer_once;
  stage_get(&scene.stage, 200, "hi");
  for (int i = 0; i < 2; i++) {
    struct visit visit = {0};
    struct transfer_request request = stage_request(&scene.stage, "POST", "/");
    request.has_body = i == 1;
    visit_start(&scene.stage, &visit, &request);
    visit_wait(&scene.stage, &visit);
    visit_expect(&visit, 200, "hi");
  }
  assert_int_equal(scene.server.accepted, 3);
  assert_int_equal(scene.server.requests, 3);
  scene_close(&scene);
}

static void a_body_above_its_limit_is_cut_off(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  scene.stage.body_limit = 5;
  stage_get(&scene.stage, 200, "hello");
  scene.stage.body_limit = 4;
  stage_get_error(&scene.stage, "upstream_too_large", 502);
  scene.server.reply = OK "Content-Length: 5\r\n\r\nhello";
  stage_get_error(&scene.stage, "upstream_too_large", 502);
  scene_close(&scene);
}

static bool say_nothing(struct server_call *call) {
  (void)call;
  return true;
}

static void expect_timeout(struct scene *scene, const char *word) {
  struct visit visit = {0};
  uint64_t start = uv_hrtime();
  visit_get(&scene->stage, &visit);
  visit_wait(&scene->stage, &visit);
  assert_true(uv_hrtime() - start >= 195 * 1000000ULL);
  if (!strstr(visit.error.message, word)) fail_msg("no \"%s\" in: %s", word, visit.error.message);
  assert_null(strstr(visit.error.message, "pass"));
  visit_expect_error(&visit, "upstream_timeout", 504);
}

static void every_wait_has_its_end(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, OK "Content-Length: 5\r\n\r\nhel");
  scene.server.answer = say_nothing;
  scene.stage.timeouts = (struct transfer_timeouts){.connect = 2000, .first_byte = 200, .idle = 3000, .total = 5000};
  expect_timeout(&scene, "first byte");
  scene.server.answer = server_reply;
  scene.stage.timeouts = (struct transfer_timeouts){.connect = 2000, .first_byte = 3000, .idle = 200, .total = 5000};
  expect_timeout(&scene, "nothing more");
  scene.stage.timeouts = (struct transfer_timeouts){.connect = 2000, .first_byte = 3000, .idle = 3000, .total = 200};
  expect_timeout(&scene, "total");
  scene_close(&scene);
}

static void a_proxy_that_refuses_is_told(void **state) {
  (void)state;
  struct scene scene;
  scene_open(&scene, NULL);
  scene.proxy.reply = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
  struct visit visit = {0};
  visit_get(&scene.stage, &visit);
  visit_wait(&scene.stage, &visit);
  assert_non_null(strstr(visit.error.message, "403"));
  assert_true(visit.untouched);
  visit_expect_error(&visit, "upstream_unreachable", 502);
  scene_close(&scene);
}

static void a_proxy_that_is_not_there_is_told(void **state) {
  (void)state;
  struct stage stage;
  struct upstream_options options = STAGE_OPTIONS;
  char proxy[64];
  struct peer nobody;
  struct loop loop;
  loop_open(&loop);
  peer_open(&nobody, &loop);
  snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", nobody.port);
  peer_close(&nobody);
  loop_close(&loop);
  options.https_proxy = proxy;
  stage_open_with(&stage, &options);
  stage.origin = stage_origin(&stage, "https://api.test");
  stage_get_error(&stage, "upstream_refused", 502);
  stage_close(&stage);
}

static void an_unknown_authority_is_refused(void **state) {
  (void)state;
  struct scene scene;
  struct certificate stranger = certificate_make(NULL, NULL), other = certificate_make(&stranger, "DNS:api.test");
  scene_open(&scene, OK "\r\n");
  SSL_CTX_use_certificate(scene.tls, other.x509);
  SSL_CTX_use_PrivateKey(scene.tls, other.key);
  stage_get_error(&scene.stage, "upstream_tls", 502);
  assert_int_equal(scene.server.requests, 0);
  certificate_free(&other);
  certificate_free(&stranger);
  scene_close(&scene);
}

static void the_public_internet_does_not_include_this_machine(void **state) {
  (void)state;
  struct scene scene;
  struct error error;
  char url[64];
  scene_open(&scene, NULL);
  snprintf(url, sizeof url, "https://127.0.0.1:%u", scene.server.port);
  struct origin_options options = {.url = slice_text(url), .protocol = ORIGIN_HTTP2, .public_only = true};
  scene.stage.origin = origin_get(scene.stage.upstream, &options, &error);
  stage_get_error(&scene.stage, "upstream_blocked", 502);
  assert_int_equal(scene.server.accepted, 0);
  scene_close(&scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_libcurl_would_take_is_refused),
      cmocka_unit_test(floods_before_the_body_are_stopped),
      cmocka_unit_test(a_response_that_is_cut_is_told),
      cmocka_unit_test(a_post_on_a_reused_connection_reaches_the_server_once),
      cmocka_unit_test(a_post_without_a_body_gets_a_connection_of_its_own),
      cmocka_unit_test(a_body_above_its_limit_is_cut_off),
      cmocka_unit_test(every_wait_has_its_end),
      cmocka_unit_test(a_proxy_that_refuses_is_told),
      cmocka_unit_test(a_proxy_that_is_not_there_is_told),
      cmocka_unit_test(an_unknown_authority_is_refused),
      cmocka_unit_test(the_public_internet_does_not_include_this_machine),
  };
  return cmocka_run_group_tests_name("upstream curl fault", tests, setup, teardown);
}
