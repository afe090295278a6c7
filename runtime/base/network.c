// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <arpa/inet.h>

static const unsigned char mapped_v4[12] = {[10] = 0xff, [11] = 0xff};

bool network_is_v4(const unsigned char address[NETWORK_ADDRESS]) {
  return memcmp(address, mapped_v4, sizeof mapped_v4) == 0;
}

bool network_address_parse(struct slice text, unsigned char address[NETWORK_ADDRESS]) {
  char copy[INET6_ADDRSTRLEN];
  unsigned char v4[4], v6[16];
  if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len)) return false;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  if (inet_pton(AF_INET6, copy, v6) == 1) {
    memcpy(address, v6, sizeof v6);
    return true;
  }
  if (inet_pton(AF_INET, copy, v4) != 1) return false;
  memcpy(address, mapped_v4, sizeof mapped_v4);
  memcpy(address + sizeof mapped_v4, v4, sizeof v4);
  return true;
}

static bool bits_parse(struct slice digits, unsigned most, unsigned *bits) {
  long long value;
  if (digits.len > 3 || !slice_decimal(digits, &value) || value > (long long)most) return false;
  if (digits.len > 1 && digits.ptr[0] == '0') return false;
  *bits = (unsigned)value;
  return true;
}

bool network_parse(struct slice text, struct network *out) {
  const char *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
  struct slice address = slice_make(text.ptr, slash ? (size_t)(slash - text.ptr) : text.len);
  struct network network = {.bits = 128};
  if (!network_address_parse(address, network.base)) return false;
  bool dotted = !memchr(address.ptr, ':', address.len);
  unsigned bits = dotted ? 32 : 128;
  if (slash && !bits_parse(slice_from(text, address.len + 1), bits, &bits)) return false;
  network.bits = dotted ? 96 + bits : bits;
  *out = network;
  return true;
}

bool network_holds(const struct network *network, const unsigned char address[NETWORK_ADDRESS]) {
  unsigned whole = network->bits / 8, rest = network->bits % 8;
  if (memcmp(network->base, address, whole) != 0) return false;
  unsigned char mask = (unsigned char)(0xff00 >> rest);
  return rest == 0 || ((network->base[whole] ^ address[whole]) & mask) == 0;
}
