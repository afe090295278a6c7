// SPDX-License-Identifier: Apache-2.0
#include "tls_pair.h"

/* Bytes both ways, resumption, and how sessions end. */

static void exchange_in_steps(size_t step) {
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  pair.step = step;
  struct error error;
  assert_false(tls_handshake_done(pair.tls));
  assert_int_equal(shake(&pair, &error), TLS_OK);
  assert_true(tls_handshake_done(pair.tls));
  assert_int_equal(tls_write(pair.tls, SLICE_LITERAL("question"), &error), TLS_OK);
  to_server(&pair);
  char got[16];
  assert_int_equal(SSL_read(pair.server, got, sizeof got), 8);
  assert_memory_equal(got, "question", 8);
  server_says(&pair, "answer");
  expect_read(&pair, "answer");
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void a_trusted_host_exchanges_bytes_both_ways(void **state) {
  (void)state;
  exchange_in_steps(0);
}

static void ciphertext_may_come_byte_by_byte(void **state) {
  (void)state;
  exchange_in_steps(1);
  exchange_in_steps(7);
}

/* One connection that ends well; says whether it was resumed. */
static bool visit(struct tls_context *context, SSL_CTX *server, const char *host) {
  struct pair pair = pair_open(context, server, host);
  struct error error;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  server_says(&pair, "x"); /* tickets of TLS 1.3 travel with it */
  to_client(&pair);
  expect_read(&pair, "x");
  bool reused = tls_session_reused(pair.tls);
  assert_int_equal(reused, SSL_session_reused(pair.server));
  pair_close(&pair); /* without any close_notify, as most connections end */
  return reused;
}

static void resumption_with(int version) {
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  SSL_CTX_set_max_proto_version(server, version);
  assert_false(visit(context, server, "api.test"));
  assert_true(visit(context, server, "api.test"));
  assert_true(visit(context, server, "api.test"));
  assert_false(visit(context, server, "127.0.0.1")); /* another host, another session */
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void the_second_connection_to_a_host_resumes_its_session(void **state) {
  (void)state;
  resumption_with(TLS1_3_VERSION);
  resumption_with(TLS1_2_VERSION);
}

static void a_close_notify_is_a_clean_end(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  char out[64];
  size_t len;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  server_says(&pair, "last words");
  SSL_shutdown(pair.server);
  to_client(&pair);
  assert_int_equal(tls_read(pair.tls, out, sizeof out, &len, &error), TLS_OK);
  assert_int_equal(len, 10);
  assert_int_equal(tls_read(pair.tls, out, sizeof out, &len, &error), TLS_CLOSED);
  assert_int_equal(tls_read(pair.tls, out, sizeof out, &len, &error), TLS_CLOSED);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void silence_without_close_notify_is_not_an_end(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  char out[64];
  size_t len;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  server_says(&pair, "cut");
  to_client(&pair);
  assert_int_equal(tls_read(pair.tls, out, sizeof out, &len, &error), TLS_OK);
  assert_int_equal(tls_read(pair.tls, out, sizeof out, &len, &error), TLS_WANT_MORE);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void a_damaged_record_fails_for_good(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  char wire[4096], out[64];
  size_t len;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  while (to_client(&pair)) continue;
  tls_read(pair.tls, out, sizeof out, &len, &error); /* the tickets */
  server_says(&pair, "secret");
  int got = BIO_read(SSL_get_wbio(pair.server), wire, sizeof wire);
  wire[got - 1] = (char)(wire[got - 1] ^ 1);
  tls_receive(pair.tls, slice_make(wire, (size_t)got));
  for (int i = 0; i < 2; i++) {
    assert_int_equal(tls_read(pair.tls, out, sizeof out, &len, &error), TLS_FAILED);
    assert_int_equal(len, 0);
    assert_string_equal(error.code, "upstream_tls");
  }
  assert_int_equal(tls_write(pair.tls, SLICE_LITERAL("x"), &error), TLS_FAILED);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void a_quiet_session_holds_no_buffers(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  server_says(&pair, "answer");
  to_client(&pair);
  expect_read(&pair, "answer");
  assert_int_equal(pair.tls->in.cap, 0);
  assert_int_equal(pair.tls->out.cap, 0);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void a_large_write_keeps_every_byte(void **state) {
  (void)state;
  enum { SIZE = 300000 };
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  char *plain = malloc(SIZE), *got = malloc(SIZE);
  for (int i = 0; i < SIZE; i++) plain[i] = (char)(i * 31);
  assert_int_equal(shake(&pair, &error), TLS_OK);
  assert_int_equal(tls_write(pair.tls, slice_make(plain, SIZE), &error), TLS_OK);
  to_server(&pair);
  int total = 0, len;
  while ((len = SSL_read(pair.server, got + total, SIZE - total)) > 0) total += len;
  assert_int_equal(total, SIZE);
  assert_memory_equal(plain, got, SIZE);
  free(plain);
  free(got);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void a_context_may_close_before_its_sessions(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  tls_context_close(context);
  struct error error;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  pair_close(&pair);
  SSL_CTX_free(server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_trusted_host_exchanges_bytes_both_ways),
      cmocka_unit_test(ciphertext_may_come_byte_by_byte),
      cmocka_unit_test(the_second_connection_to_a_host_resumes_its_session),
      cmocka_unit_test(a_close_notify_is_a_clean_end),
      cmocka_unit_test(silence_without_close_notify_is_not_an_end),
      cmocka_unit_test(a_damaged_record_fails_for_good),
      cmocka_unit_test(a_quiet_session_holds_no_buffers),
      cmocka_unit_test(a_large_write_keeps_every_byte),
      cmocka_unit_test(a_context_may_close_before_its_sessions),
  };
  return cmocka_run_group_tests_name("tls session", tests, setup, teardown);
}
