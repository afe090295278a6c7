// SPDX-License-Identifier: Apache-2.0
#include "tls/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/check.h"
#include "tls/context.h"
#include "tls/session.h"

enum { HOST_MAX = 253 };

static const unsigned char ALPN_HTTP1[] = "\x08http/1.1";

static bool is_address(const char *host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* Who the other side must prove to be. */
static int identity_expect(struct tls *tls, struct error *error) {
  X509_VERIFY_PARAM *expected = SSL_get0_param(tls->ssl);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  int set = is_address(tls->host)
                ? X509_VERIFY_PARAM_set1_ip_asc(expected, tls->host)
                : X509_VERIFY_PARAM_set1_host(expected, tls->host, 0) && SSL_set_tlsext_host_name(tls->ssl, tls->host);
  if (set) return 0;
  return error_set(error, 502, "upstream_tls", "%s cannot be used as a TLS host name", tls->host);
}

static void ticket_offer(struct tls *tls) {
  struct tls_ticket *ticket = map_get(&tls->context->tickets, slice_text(tls->host));
  if (ticket && ticket->session) SSL_set_session(tls->ssl, ticket->session);
}

/* A ticket that was on offer when a handshake failed is not offered again. */
static void ticket_drop(struct tls *tls) {
  struct tls_ticket *ticket = map_get(&tls->context->tickets, slice_text(tls->host));
  if (!ticket) return;
  SSL_SESSION_free(ticket->session);
  ticket->session = NULL;
}

static void bio_attach(struct tls *tls) {
  BIO *bio = BIO_new(tls->context->method);
  REQUIRE(bio != NULL);
  BIO_set_data(bio, tls);
  SSL_set_bio(tls->ssl, bio, bio);
}

struct tls *tls_connect(struct tls_context *context, struct slice host, struct error *error) {
  if (host.len == 0 || host.len > HOST_MAX || memchr(host.ptr, 0, host.len)) {
    error_set(error, 502, "upstream_tls", "the TLS host name is empty, too long or holds a NUL byte");
    return NULL;
  }
  struct tls *tls = calloc(1, sizeof *tls);
  REQUIRE(tls != NULL);
  tls->context = context;
  context->references++;
  tls->host = strndup(host.ptr, host.len);
  tls->ssl = SSL_new(context->ssl);
  REQUIRE(tls->host != NULL && tls->ssl != NULL);
  SSL_set_app_data(tls->ssl, tls);
  SSL_set_connect_state(tls->ssl);
  REQUIRE(SSL_set_alpn_protos(tls->ssl, ALPN_HTTP1, sizeof ALPN_HTTP1 - 1) == 0);
  bio_attach(tls);
  if (identity_expect(tls, error) < 0) {
    tls_free(tls);
    return NULL;
  }
  ticket_offer(tls);
  return tls;
}

void tls_receive(struct tls *tls, struct slice ciphertext) {
  buffer_append_slice(&tls->in, ciphertext);
}

static enum tls_result fail(struct tls *tls, const char *reason, struct error *error) {
  if (!tls->failed) tls->reason = reason ? reason : "the session broke";
  tls->failed = true;
  error_set(error, 502, "upstream_tls", "TLS with %s failed: %s", tls->host, tls->reason);
  return TLS_FAILED;
}

/* Why OpenSSL gave up, in its words. */
static const char *library_reason(struct tls *tls) {
  long verdict = SSL_get_verify_result(tls->ssl);
  if (verdict != X509_V_OK && SSL_get_verify_mode(tls->ssl) != SSL_VERIFY_NONE) {
    return X509_verify_cert_error_string(verdict);
  }
  return ERR_reason_error_string(ERR_peek_error());
}

static enum tls_result result_of(struct tls *tls, int returned, struct error *error) {
  switch (SSL_get_error(tls->ssl, returned)) {
    case SSL_ERROR_NONE:
      return TLS_OK;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return TLS_WANT_MORE;
    case SSL_ERROR_ZERO_RETURN:
      tls->closed = true;
      return TLS_CLOSED;
    default:
      return fail(tls, library_reason(tls), error);
  }
}

static enum tls_result protocol_check(struct tls *tls, struct error *error) {
  const unsigned char *chosen = NULL;
  unsigned len = 0;
  SSL_get0_alpn_selected(tls->ssl, &chosen, &len);
  if (len == 0 || slice_equal(slice_make((const char *)chosen, len), SLICE_LITERAL("http/1.1"))) return TLS_OK;
  return fail(tls, "it chose a protocol that was not offered", error);
}

enum tls_result tls_handshake(struct tls *tls, struct error *error) {
  ERR_clear_error();
  if (tls->failed) return fail(tls, NULL, error);
  int returned = SSL_do_handshake(tls->ssl);
  enum tls_result result = returned == 1 ? protocol_check(tls, error) : result_of(tls, returned, error);
  if (result == TLS_FAILED) ticket_drop(tls);
  return result;
}

enum tls_result tls_read(struct tls *tls, char *out, size_t cap, size_t *len, struct error *error) {
  ERR_clear_error();
  *len = 0;
  if (tls->failed) return fail(tls, NULL, error);
  if (tls->closed) return TLS_CLOSED;
  while (*len < cap) {
    size_t got = 0;
    int returned = SSL_read_ex(tls->ssl, out + *len, cap - *len, &got);
    *len += got;
    if (returned == 1) continue;
    enum tls_result result = result_of(tls, returned, error);
    return *len > 0 ? TLS_OK : result; /* what ended the loop is said again by the next call */
  }
  return TLS_OK;
}

enum tls_result tls_write(struct tls *tls, struct slice plain, struct error *error) {
  ERR_clear_error();
  if (tls->failed) return fail(tls, NULL, error);
  size_t written = 0;
  if (plain.len == 0) return TLS_OK;
  int returned = SSL_write_ex(tls->ssl, plain.ptr, plain.len, &written);
  if (returned != 1) return result_of(tls, returned, error);
  REQUIRE(written == plain.len); /* partial writes are off and the memory BIO takes everything */
  return TLS_OK;
}

void tls_take_output(struct tls *tls, struct buffer *out) {
  if (out->cap == 0) {
    *out = tls->out;
    tls->out = (struct buffer){0};
    return;
  }
  buffer_append_slice(out, buffer_slice(&tls->out));
  buffer_free(&tls->out);
}

bool tls_handshake_done(const struct tls *tls) {
  return SSL_is_init_finished(tls->ssl) == 1;
}

bool tls_session_reused(const struct tls *tls) {
  return SSL_session_reused(tls->ssl) == 1;
}

void tls_free(struct tls *tls) {
  if (!tls) return;
  /* else OpenSSL takes the end for an accident and spoils the ticket */
  if (!tls->failed) SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(tls->ssl);
  buffer_free(&tls->in);
  buffer_free(&tls->out);
  free(tls->host);
  tls_context_release(tls->context);
  free(tls);
}
