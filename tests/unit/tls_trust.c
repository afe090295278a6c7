// SPDX-License-Identifier: Apache-2.0
#include "tls_pair.h"

/* Whom a session talks to, and whom it refuses. */

static void expect_refused(const char *ca_file, const char *host, const struct certificate *certificate,
                           const char *reason) {
  struct tls_context *context = context_open(ca_file, false);
  SSL_CTX *server = certificate_server(certificate);
  struct pair pair = pair_open(context, server, host);
  struct error error;
  assert_int_equal(shake(&pair, &error), TLS_FAILED);
  assert_string_equal(error.code, "upstream_tls");
  assert_int_equal(error.status, 502);
  assert_non_null(strstr(error.message, reason));
  char byte;
  size_t len;
  assert_int_equal(tls_read(pair.tls, &byte, 1, &len, &error), TLS_FAILED);
  assert_non_null(strstr(error.message, reason));
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void a_certificate_for_another_name_is_refused(void **state) {
  (void)state;
  expect_refused(ca_path, "other.test", &leaf, "ostname mismatch");
}

static void a_certificate_of_an_unknown_authority_is_refused(void **state) {
  (void)state;
  struct certificate foreign = certificate_make(&stranger, "DNS:api.test");
  expect_refused(ca_path, "api.test", &foreign, "certificate signature failure");
  certificate_free(&foreign);
}

static void the_system_store_does_not_know_our_authority(void **state) {
  (void)state;
  expect_refused(NULL, "api.test", &leaf, "unable to get local issuer certificate");
}

static void an_address_is_checked_as_an_address(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "127.0.0.1");
  struct error error;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  assert_null(SSL_get_servername(pair.server, TLSEXT_NAMETYPE_host_name));
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
  expect_refused(ca_path, "127.0.0.2", &leaf, "IP address mismatch");
}

static void the_server_learns_the_name_and_the_protocol(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  assert_int_equal(tls_handshake(pair.tls, &error), TLS_WANT_MORE);
  struct buffer hello = {0};
  tls_take_output(pair.tls, &hello);
  assert_non_null(memmem(hello.data, hello.len, "api.test", 8));
  assert_non_null(memmem(hello.data, hello.len, "\x08http/1.1", 9));
  buffer_free(&hello);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in, unsigned in_len,
                     void *user) {
  (void)ssl, (void)in, (void)in_len, (void)user;
  *out = (const unsigned char *)"h2";
  *len = 2;
  return SSL_TLSEXT_ERR_OK;
}

static void a_protocol_that_was_not_offered_is_refused(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  SSL_CTX_set_alpn_select_cb(server, choose_h2, NULL);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  assert_int_equal(shake(&pair, &error), TLS_FAILED);
  assert_string_equal(error.code, "upstream_tls");
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void an_old_protocol_version_is_refused(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  SSL_CTX *server = certificate_server(&leaf);
  SSL_CTX_set_security_level(server, 0);
  SSL_CTX_set_min_proto_version(server, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(server, TLS1_1_VERSION);
  struct pair pair = pair_open(context, server, "api.test");
  struct error error;
  assert_int_not_equal(shake(&pair, &error), TLS_OK);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void verification_can_be_switched_off_on_purpose(void **state) {
  (void)state;
  struct tls_context *context = context_open(NULL, true);
  SSL_CTX *server = certificate_server(&leaf);
  struct pair pair = pair_open(context, server, "whatever.test");
  struct error error;
  assert_int_equal(shake(&pair, &error), TLS_OK);
  pair_close(&pair);
  SSL_CTX_free(server);
  tls_context_close(context);
}

static void a_ca_file_that_cannot_be_read_is_said(void **state) {
  (void)state;
  struct error error;
  struct tls_settings missing = {.ca_file = "/nonexistent/ca.pem"};
  assert_null(tls_context_open(&missing, &error));
  assert_string_equal(error.code, "tls_ca_file");
  assert_non_null(strstr(error.message, "/nonexistent/ca.pem"));
  struct tls_settings empty = {.ca_file = "/dev/null"};
  assert_null(tls_context_open(&empty, &error));
  assert_string_equal(error.code, "tls_ca_file");
}

static void a_host_name_with_a_nul_byte_is_refused(void **state) {
  (void)state;
  struct tls_context *context = context_open(ca_path, false);
  struct error error;
  assert_null(tls_connect(context, slice_make("a\0b", 3), &error));
  assert_string_equal(error.code, "upstream_tls");
  assert_null(tls_connect(context, slice_make("", 0), &error));
  char name[254];
  memset(name, 'a', sizeof name);
  assert_null(tls_connect(context, slice_make(name, 254), &error));
  tls_context_close(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_certificate_for_another_name_is_refused),
      cmocka_unit_test(a_certificate_of_an_unknown_authority_is_refused),
      cmocka_unit_test(the_system_store_does_not_know_our_authority),
      cmocka_unit_test(an_address_is_checked_as_an_address),
      cmocka_unit_test(the_server_learns_the_name_and_the_protocol),
      cmocka_unit_test(a_protocol_that_was_not_offered_is_refused),
      cmocka_unit_test(an_old_protocol_version_is_refused),
      cmocka_unit_test(verification_can_be_switched_off_on_purpose),
      cmocka_unit_test(a_ca_file_that_cannot_be_read_is_said),
      cmocka_unit_test(a_host_name_with_a_nul_byte_is_refused),
  };
  return cmocka_run_group_tests_name("tls trust", tests, setup, teardown);
}
