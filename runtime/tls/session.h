// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/ssl.h>

#include "tls/tls.h"

/* Private to this room. */

struct tls {
  SSL *ssl;                    /* owned */
  struct tls_context *context; /* shares */
  struct buffer in;            /* ciphertext not yet used, from `in_at` on; freed whenever it is used up */
  size_t in_at;
  struct buffer out;  /* ciphertext not yet taken */
  char *host;         /* owned, NUL-terminated, no NUL inside */
  bool closed;        /* close_notify came */
  bool failed;        /* nothing works any more */
  const char *reason; /* why it failed; static storage */
};

/* The memory BIO of a session: reads `in`, writes `out`. Null when memory is gone. */
BIO_METHOD *tls_bio_method(void);
