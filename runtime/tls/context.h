// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/ssl.h>

#include "base/list.h"
#include "base/map.h"
#include "tls/tls.h"

/* Private to this room. */

enum { TLS_CACHED_HOSTS = 256 };

/* The newest session ticket of one host. Owned by the context. */
struct tls_ticket {
  struct list node;
  SSL_SESSION *session; /* owned; null after a handshake with it failed */
};

struct tls_context {
  SSL_CTX *ssl;       /* owned */
  BIO_METHOD *method; /* owned */
  struct map tickets; /* host -> struct tls_ticket */
  struct list all_tickets;
  unsigned references; /* the opener's and one per session */
};

void tls_context_release(struct tls_context *context);

/* The host's ticket, made when there is room for another host; null when not. */
struct tls_ticket *tls_context_ticket(struct tls_context *context, struct slice host);
