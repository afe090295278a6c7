// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "shared/table.h"

/* A token bucket for each client address, of all workers together (gateway-api appendix E). An IPv6 client is its /64:
 * that many addresses one household has. Room for about 100,000 clients; beyond it those that would be full again, or
 * have not been here for long, are forgotten. */
extern const struct table_shape addresses_shape;

/* One request of this client (16 bytes; IPv4 mapped into IPv6). `rate` in requests a second, above 0; `burst` below 1
 * is the rate, or 1. False: none is left for it, and `retry_after` is how many seconds until one is. */
bool addresses_take(struct table *addresses, const unsigned char *address, double rate, double burst, uint64_t now,
                    double *retry_after);
