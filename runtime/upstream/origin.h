// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream/pool.h"
#include "upstream/resolve.h"
#include "upstream/room.h"

/* Private to this room. */

enum origin_lane { ORIGIN_CLIENT, ORIGIN_CURL };

struct origin {
  struct list node;
  struct upstream *upstream; /* borrowed */
  bool secure;               /* https */
  bool public_only;
  enum origin_protocol protocol;
  enum origin_lane lane;
  const char *proxy;       /* borrowed from the options; null = none */
  struct tls_context *tls; /* borrowed from the upstream; null without TLS */
  bool insecure;
  char *host;      /* owned; lower case, IPv6 without brackets */
  unsigned port;   /* 1 to 65,535 */
  char *authority; /* owned; the Host field: port only when it is not the scheme's own */
  char *name;      /* owned; "host:port", for messages */
  struct resolver resolver;
  struct pool pool;
};

/* True when this origin must not be reached at this address. */
bool origin_blocks(const struct origin *origin, const union address *address);

/* Every call is over. */
void origin_close(struct origin *origin);
