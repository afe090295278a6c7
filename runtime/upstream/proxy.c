// SPDX-License-Identifier: Apache-2.0
#include "upstream/proxy.h"

static bool entry_names(struct slice entry, struct slice host) {
  if (slice_equal(entry, SLICE_LITERAL("*"))) return true;
  if (entry.len > 0 && entry.ptr[0] == '.') entry = slice_from(entry, 1);
  if (entry.len == 0 || entry.len > host.len) return false;
  struct slice end = slice_from(host, host.len - entry.len);
  if (!slice_equal_caseless(end, entry)) return false;
  return end.len == host.len || host.ptr[host.len - end.len - 1] == '.';
}

bool proxy_exempt(struct slice no_proxy, struct slice host) {
  while (no_proxy.len > 0) {
    const char *comma = memchr(no_proxy.ptr, ',', no_proxy.len);
    size_t len = comma ? (size_t)(comma - no_proxy.ptr) : no_proxy.len;
    if (entry_names(slice_trim(slice_make(no_proxy.ptr, len)), host)) return true;
    no_proxy = slice_from(no_proxy, len + 1);
  }
  return false;
}

static bool starts_caseless(struct slice text, struct slice prefix) {
  return text.len > prefix.len && slice_equal_caseless(slice_make(text.ptr, prefix.len), prefix);
}

bool proxy_url_valid(struct slice url) {
  struct slice rest = url;
  if (starts_caseless(url, SLICE_LITERAL("http://"))) rest = slice_from(url, 7);
  if (starts_caseless(url, SLICE_LITERAL("https://"))) rest = slice_from(url, 8);
  if (rest.len > 0 && rest.ptr[rest.len - 1] == '/') rest.len--; /* as people write it */
  for (size_t i = 0; i < rest.len; i++) {
    unsigned char c = (unsigned char)rest.ptr[i];
    if (c <= 0x20 || c >= 0x7f || strchr("/?#\\", c)) return false; /* another scheme has its slashes here */
  }
  return rest.len > 0;
}
