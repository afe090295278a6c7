// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <netinet/in.h>
#include <stdbool.h>

#include "base/slice.h"

/* Private to this room. A numeric address with its port. */

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

enum { ADDRESS_TEXT = 64 };

/* Exactly dotted decimal or a plain IPv6 address; the shorthands of inet_aton are not taken. */
bool address_parse(const char *text, unsigned port, union address *address);

/* Copies an address the resolver gave. False for a family that is neither IPv4 nor IPv6. */
bool address_copy(const struct sockaddr *from, unsigned port, union address *address);

/* No peer can live there: unspecified, multicast, broadcast. */
bool address_impossible(const union address *address);

/* Loopback, private, link-local, shared, documentation, translated and tunnelled ranges: everything that is not on the
 * public Internet. */
bool address_private(const union address *address);

/* The address without its port. */
void address_text(const union address *address, char text[ADDRESS_TEXT]);
