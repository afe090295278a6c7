// SPDX-License-Identifier: Apache-2.0
#include "upstream/url.h"

#include "upstream/address.h"
#include "upstream/origin_url.h"

static size_t authority_end(struct slice text) {
  const char *colon = memchr(text.ptr, ':', text.len);
  size_t at = colon ? (size_t)(colon - text.ptr) + 3 : text.len;
  while (at < text.len && !memchr("/?#", text.ptr[at], 3)) at++;
  return at < text.len ? at : text.len;
}

static bool is_loopback(const struct origin_url *parts) {
  union address address;
  if (!parts->address) return strcmp(parts->host, "localhost") == 0;
  if (!address_parse(parts->host, 1, &address)) return false;
  if (address.any.sa_family == AF_INET) return ntohl(address.v4.sin_addr.s_addr) >> 24 == 127;
  return IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
}

int url_parse(struct slice text, struct url *url, struct error *error) {
  struct origin_url parts;
  size_t end = text.len > 0 ? authority_end(text) : 0;
  *url = (struct url){.origin = slice_make(text.ptr, end), .target = slice_from(text, end)};
  if (origin_url_parse(url->origin, &parts, error) < 0) return -1;
  if (url->target.len == 0) url->target = SLICE_LITERAL("/");
  if (url->target.ptr[0] != '/') {
    return error_set(error, 500, "upstream_bad_origin", "an address needs a path before ? and has no #");
  }
  memcpy(url->host, parts.host, sizeof url->host);
  url->secure = parts.secure;
  url->port = parts.port;
  url->loopback = is_loopback(&parts);
  return 0;
}

bool url_private(const struct url *url) {
  union address address;
  return url->loopback || (address_parse(url->host, 1, &address) && address_private(&address));
}

/* ---- rules ---- */

static bool take_prefix(struct slice *text, struct slice prefix) {
  if (!slice_starts(*text, prefix)) return false;
  *text = slice_from(*text, prefix.len);
  return true;
}

/* Takes ":port" off the end of `rule`. False when there is one and it is another. */
static bool port_matches(struct slice *rule, unsigned port) {
  bool brackets = rule->len > 0 && rule->ptr[0] == '[';
  const char *from = brackets ? memchr(rule->ptr, ']', rule->len) : rule->ptr;
  if (!from) return false;
  const char *colon = memchr(from, ':', rule->len - (size_t)(from - rule->ptr));
  long long value = port;
  struct slice digits = colon ? slice_from(*rule, (size_t)(colon - rule->ptr) + 1) : (struct slice){0};
  if (colon) rule->len = (size_t)(colon - rule->ptr);
  return !colon || (slice_decimal(digits, &value) && value == (long long)port);
}

static bool host_matches(struct slice rule, struct slice host) {
  if (rule.len > 2 && rule.ptr[0] == '[') rule = slice_make(rule.ptr + 1, rule.len - 2);
  if (rule.len < 3 || rule.ptr[0] != '*' || rule.ptr[1] != '.') return slice_equal_caseless(rule, host);
  struct slice suffix = slice_from(rule, 1);
  return host.len > suffix.len && slice_equal_caseless(slice_from(host, host.len - suffix.len), suffix);
}

bool url_allowed(const struct url *url, struct slice rule) {
  bool plain = take_prefix(&rule, SLICE_LITERAL("http://"));
  bool secure = !plain && take_prefix(&rule, SLICE_LITERAL("https://"));
  bool scheme = url->secure ? !plain : plain || (url->loopback && !secure);
  return scheme && port_matches(&rule, url->port) && host_matches(rule, slice_text(url->host));
}
