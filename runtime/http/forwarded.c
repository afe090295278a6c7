// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.h"

enum { HOPS_MAX = 32 };

struct walk {
  const struct http_trust *trust;
  unsigned char *address; /* the last hop that could be read */
  unsigned hops;
  bool over; /* it is not trusted, or what stands before it is no address */
};

static bool trusted(const struct http_trust *trust, const unsigned char *address) {
  for (unsigned i = 0; i < trust->count; i++) {
    if (network_holds(&trust->networks[i], address)) return true;
  }
  return false;
}

static bool digits_only(struct slice text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
  }
  return text.len > 0 && text.len <= 5;
}

static bool port_or_nothing(struct slice rest) {
  return rest.len == 0 || (rest.ptr[0] == ':' && digits_only(slice_from(rest, 1)));
}

/* Some proxies write a port behind the address, and brackets around one of IPv6. */
static bool hop_parse(struct slice text, unsigned char *address) {
  const char *colon = memchr(text.ptr, ':', text.len), *dot = memchr(text.ptr, '.', text.len);
  if (text.ptr[0] == '[') {
    const char *end = memchr(text.ptr, ']', text.len);
    if (!end || !port_or_nothing(slice_from(text, (size_t)(end - text.ptr) + 1))) return false;
    return network_address_parse(slice_make(text.ptr + 1, (size_t)(end - text.ptr) - 1), address);
  }
  if (colon && dot && dot < colon) {
    size_t len = (size_t)(colon - text.ptr);
    return port_or_nothing(slice_from(text, len)) && network_address_parse(slice_make(text.ptr, len), address);
  }
  return network_address_parse(text, address);
}

static void hop_take(struct walk *walk, struct slice text) {
  if (text.len == 0) return; /* lists may have empty places (RFC 9110, 5.6.1) */
  walk->over = ++walk->hops > HOPS_MAX || !hop_parse(text, walk->address) || !trusted(walk->trust, walk->address);
}

/* One field of the list, from its right end. */
static void list_take(struct walk *walk, struct slice list) {
  while (list.len > 0 && !walk->over) {
    const char *comma = memrchr(list.ptr, ',', list.len);
    size_t from = comma ? (size_t)(comma - list.ptr) + 1 : 0;
    hop_take(walk, slice_trim(slice_from(list, from)));
    list.len = comma ? from - 1 : 0;
  }
}

void http_forwarded_client(const struct http_trust *trust, const struct http_field *fields, unsigned count,
                           unsigned char address[NETWORK_ADDRESS]) {
  if (trust->count == 0 || !trusted(trust, address)) return;
  struct walk walk = {.trust = trust, .address = address};
  struct slice real = {0};
  unsigned reals = 0;
  for (unsigned i = count; i > 0 && !walk.over; i--) {
    const struct http_field *field = &fields[i - 1];
    if (field->name.len == 15 && slice_equal_caseless(field->name, SLICE_LITERAL("x-forwarded-for"))) {
      list_take(&walk, field->value);
    } else if (field->name.len == 9 && slice_equal_caseless(field->name, SLICE_LITERAL("x-real-ip"))) {
      real = field->value;
      reals++;
    }
  }
  if (!walk.over && reals == 1 && real.len > 0) hop_parse(real, address);
}
