// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/check.h"
#include "upstream/origin_url.h"
#include "upstream/proxy.h"

/* One key per distinct (scheme, host, port, protocol, TLS settings). */
static void key_write(const struct origin_url *url, const struct origin_options *options, struct buffer *key) {
  buffer_append_format(key, "%s %s %u %d%d%d", url->secure ? "https" : "http", url->host, url->port,
                       (int)options->protocol, options->tls_insecure, options->public_only);
}

static char *text_copy(const struct buffer *text) {
  char *copy = strndup(text->data, text->len);
  REQUIRE(copy != NULL);
  return copy;
}

static void names_write(struct origin *origin, const struct origin_url *url) {
  bool brackets = strchr(url->host, ':') != NULL;
  bool usual = url->port == (url->secure ? 443U : 80U);
  struct buffer text = {0};
  buffer_append_format(&text, brackets ? "[%s]" : "%s", url->host);
  size_t host = text.len;
  buffer_append_format(&text, ":%u", url->port);
  origin->name = text_copy(&text);
  if (usual) text.len = host;
  origin->authority = text_copy(&text);
  buffer_free(&text);
  origin->host = strdup(url->host);
  REQUIRE(origin->host != NULL);
}

static const char *proxy_choose(const struct origin *origin) {
  const struct upstream_options *options = &origin->upstream->options;
  const char *proxy = origin->secure ? options->https_proxy : options->http_proxy;
  if (!proxy || !*proxy) return NULL;
  return proxy_exempt(slice_text(options->no_proxy), slice_text(origin->host)) ? NULL : proxy;
}

static struct origin *origin_open(struct upstream *upstream, const struct origin_url *url,
                                  const struct origin_options *options) {
  struct origin *origin = calloc(1, sizeof *origin);
  REQUIRE(origin != NULL);
  origin->upstream = upstream;
  origin->secure = url->secure;
  origin->port = url->port;
  origin->protocol = options->protocol;
  origin->insecure = options->tls_insecure;
  origin->public_only = options->public_only;
  names_write(origin, url);
  origin->proxy = proxy_choose(origin);
  origin->lane = origin->proxy || origin->protocol == ORIGIN_HTTP2 ? ORIGIN_CURL : ORIGIN_CLIENT;
  resolver_open(&origin->resolver, upstream->loop, origin->host, origin->port, upstream->options.dns_timeout_ms,
                upstream->options.dns_cache_ms);
  pool_init(&origin->pool);
  list_push_back(&upstream->origins, &origin->node);
  return origin;
}

struct origin *origin_get(struct upstream *upstream, const struct origin_options *options, struct error *error) {
  struct origin_url url;
  if (origin_url_parse(options->url, &url, error) < 0) return NULL;
  struct tls_context *tls = NULL;
  if (url.secure && !(tls = upstream_tls(upstream, options->tls_insecure, error))) return NULL;
  struct buffer key = {0};
  key_write(&url, options, &key);
  struct origin *origin = map_get(&upstream->origins_by_key, buffer_slice(&key));
  if (!origin) {
    origin = origin_open(upstream, &url, options);
    origin->tls = tls;
    map_set(&upstream->origins_by_key, buffer_slice(&key), origin);
  }
  buffer_free(&key);
  return origin;
}

void origin_address(const struct origin *origin, struct buffer *out) {
  buffer_append_format(out, "%s://%s", origin->secure ? "https" : "http", origin->name);
}

bool origin_blocks(const struct origin *origin, const union address *address) {
  return address_impossible(address) || (origin->public_only && address_private(address));
}

void origin_close(struct origin *origin) {
  pool_clear(origin);
  timer_stop(&origin->pool.timer);
  resolver_close(&origin->resolver);
  list_remove(&origin->node);
  free(origin->host);
  free(origin->authority);
  free(origin->name);
  free(origin);
}

bool origin_streams(const struct origin *origin) {
  return !origin->upstream->options.replay;
}

bool origin_upgrades(const struct origin *origin) {
  return origin->lane == ORIGIN_CLIENT && origin_streams(origin);
}
