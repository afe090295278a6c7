// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>
#include <openssl/err.h>

#include "certificate.h"
#include "tls/session.h"
#include "tls/tls.h"

/* Both sides in memory: `tls` is ours, `server` is OpenSSL's. */
struct pair {
  struct tls *tls;
  SSL *server;
  size_t step; /* bytes handed to our side at once; 0 = all */
};

static struct certificate authority, stranger, leaf;
static char *ca_path;

static inline int setup(void **state) {
  (void)state;
  tls_library_init();
  authority = certificate_make(NULL, NULL);
  stranger = certificate_make(NULL, NULL);
  leaf = certificate_make(&authority, "DNS:api.test,IP:127.0.0.1");
  ca_path = certificate_write(&authority);
  return 0;
}

static inline int teardown(void **state) {
  (void)state;
  certificate_remove(ca_path);
  certificate_free(&authority);
  certificate_free(&stranger);
  certificate_free(&leaf);
  return 0;
}

static inline struct tls_context *context_open(const char *ca_file, bool insecure) {
  struct error error;
  struct tls_settings settings = {.ca_file = ca_file, .insecure = insecure};
  struct tls_context *context = tls_context_open(&settings, &error);
  assert_non_null(context);
  return context;
}

static inline struct pair pair_open(struct tls_context *context, SSL_CTX *server, const char *host) {
  struct error error;
  struct pair pair = {.tls = tls_connect(context, slice_text(host), &error), .server = SSL_new(server)};
  assert_non_null(pair.tls);
  SSL_set_accept_state(pair.server);
  SSL_set_bio(pair.server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  return pair;
}

static inline void pair_close(struct pair *pair) {
  tls_free(pair->tls);
  SSL_free(pair->server);
}

static inline void to_server(struct pair *pair) {
  struct buffer wire = {0};
  tls_take_output(pair->tls, &wire);
  if (wire.len > 0) BIO_write(SSL_get_rbio(pair->server), wire.data, (int)wire.len);
  buffer_free(&wire);
}

/* Everything, or the next `step` bytes. False when there was nothing. */
static inline bool to_client(struct pair *pair) {
  char bytes[64 * 1024];
  int cap = pair->step ? (int)pair->step : (int)sizeof bytes;
  int len = BIO_read(SSL_get_wbio(pair->server), bytes, cap);
  if (len <= 0) return false;
  tls_receive(pair->tls, slice_make(bytes, (size_t)len));
  return true;
}

static inline enum tls_result shake(struct pair *pair, struct error *error) {
  enum tls_result result = TLS_WANT_MORE;
  for (int turn = 0; turn < 20000 && result == TLS_WANT_MORE; turn++) {
    result = tls_handshake(pair->tls, error);
    to_server(pair);
    SSL_do_handshake(pair->server);
    ERR_clear_error();
    if (result == TLS_WANT_MORE && !to_client(pair) && turn > 10) break;
  }
  return result;
}

static inline void expect_read(struct pair *pair, const char *expected) {
  char out[256];
  size_t total = 0;
  struct error error;
  do {
    size_t len = 0;
    enum tls_result result = tls_read(pair->tls, out + total, sizeof out - total, &len, &error);
    assert_true(result == TLS_OK || result == TLS_WANT_MORE);
    total += len;
  } while (total < strlen(expected) && to_client(pair));
  assert_int_equal(total, strlen(expected));
  assert_memory_equal(out, expected, total);
}

static inline void server_says(struct pair *pair, const char *text) {
  assert_int_equal(SSL_write(pair->server, text, (int)strlen(text)), (int)strlen(text));
}
