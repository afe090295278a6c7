// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "upstream_server.h"

/* HTTP/2 with a real server: nginx, where it is installed. */

enum { LARGE = 1024 * 1024 };

static const char NGINX[] = "/usr/sbin/nginx";

struct http2 {
  struct certificate authority, leaf;
  char *ca, *certificate, *key;
  char folder[64];
  unsigned port;
  pid_t nginx;
};

static unsigned free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
  getsockname(fd, (struct sockaddr *)&address, &size);
  close(fd);
  return ntohs(address.sin_port);
}

static void file_write(const struct http2 *server, const char *name, const char *text, size_t len) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", server->folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, len, file), len);
  fclose(file);
}

static void config_write(const struct http2 *server) {
  struct buffer config = {0};
  const char *folder = server->folder;
  buffer_append_format(&config, "daemon off; error_log %s/error.log; pid %s/pid; events {} http { access_log off;\n",
                       folder, folder);
  static const char *const kinds[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
  for (size_t i = 0; i < 5; i++) buffer_append_format(&config, "%s_temp_path %s/%s;\n", kinds[i], folder, kinds[i]);
  buffer_append_format(
      &config,
      "server { listen 127.0.0.1:%u ssl http2; ssl_certificate %s; ssl_certificate_key %s; root %s;\n"
      "location = /say { return 200 \"$server_protocol $request_method $content_length $http_x_a\"; }\n"
      "location = /cut { return 444; } } }\n",
      server->port, server->certificate, server->key, folder);
  file_write(server, "nginx.conf", config.data, config.len);
  buffer_free(&config);
}

static bool answers(unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address.sin_port = htons((uint16_t)port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  close(fd);
  return connected;
}

static int http2_open(void **state) {
  static struct http2 server;
  extern char **environ;
  char path[128];
  if (access(NGINX, X_OK) != 0) return 0;
  server.authority = certificate_make(NULL, NULL);
  server.leaf = certificate_make(&server.authority, "IP:127.0.0.1");
  server.ca = certificate_write(&server.authority);
  server.certificate = certificate_write(&server.leaf);
  server.key = certificate_write_key(&server.leaf);
  server.port = free_port();
  snprintf(server.folder, sizeof server.folder, "/tmp/moongate-test-XXXXXX");
  if (!mkdtemp(server.folder)) return -1;
  chmod(server.folder, 0755);
  config_write(&server);
  char *large = malloc(LARGE);
  for (size_t i = 0; i < LARGE; i++) large[i] = (char)(i ^ (i >> 8) ^ (i >> 16));
  file_write(&server, "large", large, LARGE);
  free(large);
  snprintf(path, sizeof path, "%s/nginx.conf", server.folder);
  char *arguments[] = {(char *)(uintptr_t)NGINX, "-c", path, "-e", "/dev/null", NULL};
  if (posix_spawn(&server.nginx, NGINX, NULL, NULL, arguments, environ) != 0) return -1;
  for (int i = 0; i < 400 && !answers(server.port); i++) uv_sleep(10);
  *state = &server;
  return 0;
}

static int http2_close(void **state) {
  struct http2 *server = *state;
  char command[128];
  if (!server) return 0;
  kill(server->nginx, SIGTERM);
  waitpid(server->nginx, NULL, 0);
  snprintf(command, sizeof command, "rm -r %s", server->folder);
  certificate_remove(server->ca);
  certificate_remove(server->certificate);
  certificate_remove(server->key);
  certificate_free(&server->authority);
  certificate_free(&server->leaf);
  return system(command);
}

static struct http2 *stage_open_http2(struct stage *stage, void **state) {
  struct http2 *server = *state;
  struct error error;
  char url[64];
  if (!server) skip(); /* no nginx here */
  struct upstream_options options = STAGE_OPTIONS;
  options.ca_file = server->ca;
  stage_open_with(stage, &options);
  snprintf(url, sizeof url, "https://127.0.0.1:%u", server->port);
  struct origin_options origin = {.url = slice_text(url), .protocol = ORIGIN_HTTP2};
  stage->origin = origin_get(stage->upstream, &origin, &error);
  assert_non_null(stage->origin);
  return server;
}

static void a_call_is_made_over_http_2(void **state) {
  struct stage stage;
  stage_open_http2(&stage, state);
  for (int i = 0; i < 3; i++) {
    struct visit visit = {0};
    struct http_field field = {SLICE_LITERAL("X-A"), SLICE_LITERAL("b")};
    struct slice body = SLICE_LITERAL("hello");
    struct transfer_request request = stage_request(&stage, "POST", "/say");
    request.fields = &field;
    request.field_count = 1;
    request.body = &body;
    request.body_count = 1;
    request.has_body = true;
    visit_start(&stage, &visit, &request);
    visit_wait(&stage, &visit);
    visit_expect(&visit, 200, "HTTP/2.0 POST 5 b");
  }
  stage_close(&stage);
}

static void many_calls_run_side_by_side(void **state) {
  enum { CALLS = 50 };
  struct stage stage;
  struct visit visits[CALLS] = {0};
  stage_open_http2(&stage, state);
  struct transfer_request request = stage_request(&stage, "GET", "/say");
  for (int i = 0; i < CALLS; i++) visit_start(&stage, &visits[i], &request);
  for (int i = 0; i < CALLS; i++) {
    visit_wait(&stage, &visits[i]);
    visit_expect(&visits[i], 200, "HTTP/2.0 GET  ");
  }
  stage_close(&stage);
}

static void a_large_body_may_be_paused_at_every_piece(void **state) {
  struct stage stage;
  struct visit visit = {.pause_at_body = true};
  stage_open_http2(&stage, state);
  struct transfer_request request = stage_request(&stage, "GET", "/large");
  visit_start(&stage, &visit, &request);
  stage_run(&stage, 200, &visit.done);
  assert_int_equal(visit.bodies, 1);
  uint64_t end = uv_hrtime() + 10 * 1000000000ULL;
  while (!visit.done && uv_hrtime() < end) {
    transfer_resume(visit.transfer);
    uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
  }
  assert_true(visit.done && !visit.failed);
  assert_int_equal(visit.body.len, LARGE);
  for (size_t i = 0; i < LARGE; i++) {
    if (visit.body.data[i] != (char)(i ^ (i >> 8) ^ (i >> 16))) fail_msg("byte %zu is another", i);
  }
  buffer_free(&visit.body);
  stage_close(&stage);
}

static void cancelling_one_call_leaves_the_others(void **state) {
  struct stage stage;
  struct visit gone = {.cancel_at_body = true}, kept = {0};
  stage_open_http2(&stage, state);
  struct transfer_request request = stage_request(&stage, "GET", "/large");
  visit_start(&stage, &gone, &request);
  visit_start(&stage, &kept, &request);
  visit_wait(&stage, &kept);
  assert_false(gone.done);
  assert_int_equal(gone.bodies, 1);
  assert_int_equal(kept.body.len, LARGE);
  buffer_free(&gone.body);
  buffer_free(&kept.body);
  stage_close(&stage);
}

static void a_stream_that_is_cut_is_told(void **state) {
  struct stage stage;
  struct visit visit = {0};
  stage_open_http2(&stage, state);
  struct transfer_request request = stage_request(&stage, "GET", "/cut");
  visit_start(&stage, &visit, &request);
  visit_wait(&stage, &visit);
  visit_expect_error(&visit, "upstream_reset", 502);
  stage_close(&stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_is_made_over_http_2),
      cmocka_unit_test(many_calls_run_side_by_side),
      cmocka_unit_test(a_large_body_may_be_paused_at_every_piece),
      cmocka_unit_test(cancelling_one_call_leaves_the_others),
      cmocka_unit_test(a_stream_that_is_cut_is_told),
  };
  return cmocka_run_group_tests_name("upstream http2", tests, http2_open, http2_close);
}
