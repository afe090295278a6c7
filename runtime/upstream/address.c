// SPDX-License-Identifier: Apache-2.0
#include "upstream/address.h"

#include <arpa/inet.h>
#include <stdio.h>

struct range4 {
  uint32_t base;
  unsigned bits;
};

struct range6 {
  unsigned char base[16];
  unsigned bits;
};

static const struct range4 IMPOSSIBLE4[] = {{0x00000000, 32}, {0xe0000000, 4}, {0xffffffff, 32}};

static const struct range4 PRIVATE4[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
    {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4},  {0xf0000000, 4},
};

static const struct range6 PRIVATE6[] = {
    {{0}, 96},                      /* ::, ::1, IPv4-compatible */
    {{0, 0x64, 0xff, 0x9b}, 32},    /* NAT64 */
    {{0x01, 0x00}, 16},             /* discard */
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* Teredo and other protocol assignments */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0xfc}, 7},
    {{0xfe, 0x80}, 10},
    {{0xff}, 8}, /* unique local, link-local, multicast */
};

static bool in_range4(uint32_t ip, const struct range4 *ranges, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t mask = ~0U << (32 - ranges[i].bits);
    if ((ip & mask) == ranges[i].base) return true;
  }
  return false;
}

static bool bits_equal(const unsigned char *a, const unsigned char *b, unsigned bits) {
  if (memcmp(a, b, bits / 8) != 0) return false;
  unsigned char mask = (unsigned char)(0xff00 >> (bits % 8));
  return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

/* The IPv4 address inside, also when it is mapped into IPv6. */
static bool ipv4_of(const union address *address, uint32_t *ip) {
  if (address->any.sa_family == AF_INET) {
    *ip = ntohl(address->v4.sin_addr.s_addr);
    return true;
  }
  if (!IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) return false;
  uint32_t bytes;
  memcpy(&bytes, address->v6.sin6_addr.s6_addr + 12, 4);
  *ip = ntohl(bytes);
  return true;
}

bool address_parse(const char *text, unsigned port, union address *address) {
  *address = (union address){.any.sa_family = AF_INET};
  if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
    address->v4.sin_port = htons((uint16_t)port);
    return true;
  }
  *address = (union address){.any.sa_family = AF_INET6};
  address->v6.sin6_port = htons((uint16_t)port);
  return inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1;
}

bool address_copy(const struct sockaddr *from, unsigned port, union address *address) {
  *address = (union address){0};
  if (from->sa_family == AF_INET) {
    memcpy(&address->v4, from, sizeof address->v4);
    address->v4.sin_port = htons((uint16_t)port);
    return true;
  }
  if (from->sa_family != AF_INET6) return false;
  memcpy(&address->v6, from, sizeof address->v6);
  address->v6.sin6_port = htons((uint16_t)port);
  return true;
}

bool address_impossible(const union address *address) {
  uint32_t ip;
  if (ipv4_of(address, &ip)) return in_range4(ip, IMPOSSIBLE4, sizeof IMPOSSIBLE4 / sizeof *IMPOSSIBLE4);
  return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr) || IN6_IS_ADDR_MULTICAST(&address->v6.sin6_addr);
}

bool address_private(const union address *address) {
  uint32_t ip;
  if (ipv4_of(address, &ip)) return in_range4(ip, PRIVATE4, sizeof PRIVATE4 / sizeof *PRIVATE4);
  for (size_t i = 0; i < sizeof PRIVATE6 / sizeof *PRIVATE6; i++) {
    if (bits_equal(address->v6.sin6_addr.s6_addr, PRIVATE6[i].base, PRIVATE6[i].bits)) return true;
  }
  return false;
}

void address_text(const union address *address, char text[ADDRESS_TEXT]) {
  const void *bytes = address->any.sa_family == AF_INET ? (const void *)&address->v4.sin_addr : &address->v6.sin6_addr;
  if (!inet_ntop(address->any.sa_family, bytes, text, ADDRESS_TEXT)) snprintf(text, ADDRESS_TEXT, "?");
}
