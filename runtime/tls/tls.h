// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

/* TLS to an upstream behind bytes in, bytes out: OpenSSL on memory BIOs; the caller owns the socket. */

/* Before any other use of OpenSSL in this process (libcurl's and libpq's too): the file that OPENSSL_CONF names is
 * never read. Any number of times. */
void tls_library_init(void);

/* Verification, trust store, session cache. One per process and settings, made before threads. */
struct tls_context;
struct tls;

struct tls_settings {
  const char *ca_file; /* PEM bundle; null = the system's trust store */
  bool insecure;       /* skip verification: tests and explicit configuration only */
};

/* TLS 1.2 and 1.3, verification on. Null with `error` when the CA file cannot be read. */
struct tls_context *tls_context_open(const struct tls_settings *settings, struct error *error);
/* Sessions that still live keep what they need of it. */
void tls_context_close(struct tls_context *context);

/* A client session towards `host` (SNI and name check; an IP literal is checked as an address). Reuses a cached
 * session of the same host. ALPN http/1.1. */
struct tls *tls_connect(struct tls_context *context, struct slice host, struct error *error);

enum tls_result { TLS_OK, TLS_WANT_MORE, TLS_CLOSED, TLS_FAILED };

/* Ciphertext from the socket in; copied, so that the caller's read buffer is free again. */
void tls_receive(struct tls *tls, struct slice ciphertext);
/* Drives the handshake; TLS_OK once it is complete. Output may be waiting after any call. */
enum tls_result tls_handshake(struct tls *tls, struct error *error);
/* Decrypts at most `cap` bytes into `out`. TLS_WANT_MORE: everything received was used up. TLS_CLOSED: clean
 * close_notify. */
enum tls_result tls_read(struct tls *tls, char *out, size_t cap, size_t *len, struct error *error);
/* Encrypts all of `plain`; the ciphertext waits for tls_take_output. */
enum tls_result tls_write(struct tls *tls, struct slice plain, struct error *error);
/* Appends ciphertext for the socket to `out` and forgets it. An empty `out` is given the memory itself, uncopied. */
void tls_take_output(struct tls *tls, struct buffer *out);
bool tls_handshake_done(const struct tls *tls);
bool tls_session_reused(const struct tls *tls);
void tls_free(struct tls *tls);
