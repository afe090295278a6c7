// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/list.h"

/* How many connections each client address holds. Zero-initialised is empty and valid. */
struct http_peers {
  struct list *buckets; /* owned; allocated with the first address */
};

/* One more for the 16-byte address, unless it holds `limit` already: then false. Loopback is always welcome. */
bool http_peers_admit(struct http_peers *peers, const unsigned char *address, unsigned limit);

/* One less, for an address that was admitted. */
void http_peers_release(struct http_peers *peers, const unsigned char *address);
void http_peers_free(struct http_peers *peers);
