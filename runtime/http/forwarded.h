// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/network.h"
#include "codec/field.h"

/* Who a request came from, behind the proxies that are believed (gateway-api 4.1). */
struct http_trust {
  const struct network *networks;
  unsigned count;
};

/* Puts the client's address in the place of the peer's in `address`: X-Forwarded-For is walked from its right end to
 * the first hop that is not trusted; where it ends before, X-Real-IP counts. A hop that is no address ends the walk at
 * the one before it: whoever writes nonsense is taken for nobody else. */
void http_forwarded_client(const struct http_trust *trust, const struct http_field *fields, unsigned count,
                           unsigned char address[NETWORK_ADDRESS]);
