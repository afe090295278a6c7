// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* Addresses as 16 bytes, IPv4 mapped into IPv6, and networks of them. */
enum { NETWORK_ADDRESS = 16 };

struct network {
  unsigned char base[NETWORK_ADDRESS];
  unsigned bits; /* how many of them its addresses have in common */
};

/* Exactly dotted decimal or IPv6, without brackets, zone or port. False: `address` is as it was. */
bool network_address_parse(struct slice text, unsigned char address[NETWORK_ADDRESS]);

/* "10.0.0.0/8", "2001:db8::/32", or one address. Bits beyond the prefix do not count. */
bool network_parse(struct slice text, struct network *out);

bool network_holds(const struct network *network, const unsigned char address[NETWORK_ADDRESS]);

/* An IPv4 address that is mapped into IPv6. */
bool network_is_v4(const unsigned char address[NETWORK_ADDRESS]);
