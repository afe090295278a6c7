// SPDX-License-Identifier: Apache-2.0
#include "tls/context.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "base/check.h"
#include "tls/session.h"

static const char CIPHERS[] = "ECDHE+AESGCM:ECDHE+CHACHA20"; /* TLS 1.2; those of 1.3 are all of this kind */

void tls_library_init(void) {
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

/* A new ticket arrived on a session: it replaces the host's older one. Returns 1 when the reference was kept. */
static int ticket_keep(SSL *ssl, SSL_SESSION *session) {
  struct tls *tls = SSL_get_app_data(ssl);
  struct tls_ticket *ticket = tls_context_ticket(tls->context, slice_text(tls->host));
  if (!ticket) return 0;
  SSL_SESSION_free(ticket->session);
  ticket->session = session;
  return 1;
}

static int trust_load(SSL_CTX *ssl, const struct tls_settings *settings, struct error *error) {
  if (settings->insecure) {
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    return 0;
  }
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
  ERR_clear_error();
  if (settings->ca_file) {
    if (SSL_CTX_load_verify_file(ssl, settings->ca_file) == 1) return 0;
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return error_set(error, 500, "tls_ca_file", "the CA file %s cannot be read: %s", settings->ca_file,
                     reason ? reason : "no PEM certificate in it");
  }
  if (SSL_CTX_set_default_verify_paths(ssl) == 1) return 0;
  ERR_clear_error();
  return error_set(error, 500, "tls_ca_file", "the system's trust store cannot be read");
}

static void options_set(SSL_CTX *ssl) {
  REQUIRE(SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1);
  REQUIRE(SSL_CTX_set_cipher_list(ssl, CIPHERS) == 1);
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ssl, ticket_keep);
}

struct tls_context *tls_context_open(const struct tls_settings *settings, struct error *error) {
  tls_library_init();
  struct tls_context *context = calloc(1, sizeof *context);
  REQUIRE(context != NULL);
  list_init(&context->all_tickets);
  context->references = 1;
  context->method = tls_bio_method();
  context->ssl = SSL_CTX_new(TLS_client_method());
  REQUIRE(context->method != NULL && context->ssl != NULL);
  options_set(context->ssl);
  if (trust_load(context->ssl, settings, error) == 0) return context;
  tls_context_close(context);
  return NULL;
}

void tls_context_close(struct tls_context *context) {
  tls_context_release(context);
}

void tls_context_release(struct tls_context *context) {
  if (--context->references > 0) return;
  while (!list_empty(&context->all_tickets)) {
    struct tls_ticket *ticket = LIST_OWNER(context->all_tickets.next, struct tls_ticket, node);
    list_remove(&ticket->node);
    SSL_SESSION_free(ticket->session);
    free(ticket);
  }
  map_free(&context->tickets);
  SSL_CTX_free(context->ssl);
  BIO_meth_free(context->method);
  free(context);
}

struct tls_ticket *tls_context_ticket(struct tls_context *context, struct slice host) {
  struct tls_ticket *ticket = map_get(&context->tickets, host);
  if (ticket || context->tickets.count >= TLS_CACHED_HOSTS) return ticket;
  ticket = calloc(1, sizeof *ticket);
  REQUIRE(ticket != NULL);
  list_push_back(&context->all_tickets, &ticket->node);
  map_set(&context->tickets, host, ticket);
  return ticket;
}
