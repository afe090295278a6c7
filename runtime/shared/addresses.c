// SPDX-License-Identifier: Apache-2.0
#include "shared/addresses.h"

#include <math.h>

#include "base/network.h"

/* A bucket and its key are one block of 64 bytes. */
const struct table_shape addresses_shape = {.stripes = 64, .stripe_blocks = 2048, .block_size = 64, .value_max = 64};

static struct slice key_of(const unsigned char *address) {
  bool v4 = network_is_v4(address);
  return slice_make((const char *)address + (v4 ? NETWORK_ADDRESS - 4 : 0), v4 ? 4 : 8);
}

bool addresses_take(struct table *addresses, const unsigned char *address, double rate, double burst, uint64_t now,
                    double *retry_after) {
  struct table_bucket bucket = {.rate = rate, .burst = fmax(burst > 0 ? burst : rate, 1), .tokens = 1};
  struct table_taken taken;
  if (table_take(addresses, key_of(address), &bucket, now, &taken) != TABLE_OK) return true;
  *retry_after = taken.retry_after;
  return taken.allowed;
}
