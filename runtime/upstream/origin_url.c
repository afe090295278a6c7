// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_url.h"

#include "upstream/address.h"

enum { LABEL_MAX = 63 };

static int refuse(struct error *error, const char *why) {
  return error_set(error, 500, "upstream_bad_origin", "an upstream's address must be http[s]://host[:port]: %s", why);
}

static bool scheme_take(struct slice *text, bool *secure) {
  static const struct slice plain = {"http://", 7}, tls = {"https://", 8};
  *secure = text->len >= tls.len && slice_equal_caseless(slice_make(text->ptr, tls.len), tls);
  if (!*secure && !(text->len >= plain.len && slice_equal_caseless(slice_make(text->ptr, plain.len), plain))) {
    return false;
  }
  *text = slice_from(*text, *secure ? tls.len : plain.len);
  return true;
}

static bool port_parse(struct slice text, unsigned *port) {
  long long value;
  if (text.len > 5 || !slice_decimal(text, &value) || value < 1 || value > 65535) return false;
  *port = (unsigned)value;
  return true;
}

static bool label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The last label of what must be a name: one that begins like a number would be an address to some parsers. */
static bool is_numeric(struct slice label) {
  bool hexadecimal = label.len >= 2 && label.ptr[0] == '0' && label.ptr[1] == 'x';
  for (size_t i = 0; i < label.len && !hexadecimal; i++) {
    if (label.ptr[i] < '0' || label.ptr[i] > '9') return false;
  }
  return true;
}

static bool is_name(struct slice host) {
  struct slice label = {0};
  while (host.len > 0) {
    const char *dot = memchr(host.ptr, '.', host.len);
    label = slice_make(host.ptr, dot ? (size_t)(dot - host.ptr) : host.len);
    if (label.len == 0 || label.len > LABEL_MAX || label.ptr[0] == '-') return false;
    for (size_t i = 0; i < label.len; i++) {
      if (!label_char(label.ptr[i])) return false;
    }
    if (dot && host.len == label.len + 1) return false;
    host = slice_from(host, label.len + 1);
  }
  return label.len > 0 && !is_numeric(label);
}

static bool host_copy(struct slice host, struct origin_url *url) {
  if (host.len == 0 || host.len >= sizeof url->host) return false;
  for (size_t i = 0; i < host.len; i++) {
    char c = host.ptr[i];
    if (c == 0) return false;
    url->host[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  url->host[host.len] = 0;
  return true;
}

/* `[address]`, with what follows the bracket left in `rest`. */
static int bracketed_parse(struct slice text, struct origin_url *url, struct slice *rest, struct error *error) {
  const char *end = memchr(text.ptr, ']', text.len);
  size_t len = end ? (size_t)(end - text.ptr) - 1 : 0;
  union address address;
  if (!end || !host_copy(slice_make(text.ptr + 1, len), url) || !address_parse(url->host, 1, &address) ||
      address.any.sa_family != AF_INET6) {
    return refuse(error, "the brackets do not hold an IPv6 address");
  }
  url->address = true;
  *rest = slice_from(text, len + 2);
  return 0;
}

static int host_parse(struct slice text, struct origin_url *url, struct slice *rest, struct error *error) {
  if (text.len > 0 && text.ptr[0] == '[') return bracketed_parse(text, url, rest, error);
  const char *colon = memchr(text.ptr, ':', text.len);
  struct slice host = slice_make(text.ptr, colon ? (size_t)(colon - text.ptr) : text.len);
  *rest = slice_from(text, host.len);
  union address address;
  if (!host_copy(host, url)) return refuse(error, "the host is empty or too long");
  url->address = address_parse(url->host, 1, &address);
  if (url->address || is_name(slice_text(url->host))) return 0;
  return refuse(error, "the host is neither a name nor a plain IP address, or something follows it");
}

int origin_url_parse(struct slice text, struct origin_url *url, struct error *error) {
  *url = (struct origin_url){0};
  if (!scheme_take(&text, &url->secure)) return refuse(error, "the scheme is missing or another one");
  if (text.len == 0) return refuse(error, "the host is missing");
  struct slice rest = {0};
  if (host_parse(text, url, &rest, error) < 0) return -1;
  url->port = url->secure ? 443 : 80;
  if (rest.len == 0) return 0;
  if (rest.ptr[0] != ':' || !port_parse(slice_from(rest, 1), &url->port)) {
    return refuse(error, "the port is not a number from 1 to 65535, or something follows it");
  }
  return 0;
}
