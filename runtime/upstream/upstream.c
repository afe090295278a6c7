// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream.h"

#include <stdlib.h>

#include "base/check.h"
#include "tls/tls.h"
#include "upstream/connection.h"
#include "upstream/curl_lane.h"
#include "upstream/proxy.h"
#include "upstream/transfer_state.h"

/* Replaces a borrowed text of the options by a copy of our own. */
static void text_own(const char **text, char **owned) {
  if (!*text || !**text) {
    *text = NULL;
    return;
  }
  *owned = strdup(*text);
  REQUIRE(*owned != NULL);
  *text = *owned;
}

static void options_copy(struct upstream *upstream, const struct upstream_options *options) {
  struct upstream_options *own = &upstream->options;
  *own = *options;
  text_own(&own->ca_file, &upstream->strings[0]);
  text_own(&own->https_proxy, &upstream->strings[1]);
  text_own(&own->http_proxy, &upstream->strings[2]);
  text_own(&own->no_proxy, &upstream->strings[3]);
}

static int options_check(struct upstream *upstream, struct error *error) {
  const struct upstream_options *options = &upstream->options;
  const char *proxies[] = {options->https_proxy, options->http_proxy};
  for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
    if (proxies[i] && !proxy_url_valid(slice_text(proxies[i]))) {
      return error_set(error, 500, "upstream_bad_proxy", "the %s proxy must be http[s]://[user:password@]host[:port]",
                       i == 0 ? "https" : "http");
    }
  }
  return options->ca_file && !upstream_tls(upstream, false, error) ? -1 : 0;
}

struct upstream *upstream_open(struct loop *loop, const struct upstream_options *options, struct error *error) {
  struct upstream *upstream = calloc(1, sizeof *upstream);
  REQUIRE(upstream != NULL);
  slab_init(&upstream->slab, sizeof(struct connection));
  upstream->loop = loop;
  list_init(&upstream->origins);
  list_init(&upstream->transfers);
  response_parser_init(&upstream->parser);
  options_copy(upstream, options);
  if (options_check(upstream, error) == 0) return upstream;
  upstream_close(upstream);
  return NULL;
}

struct tls_context *upstream_tls(struct upstream *upstream, bool insecure, struct error *error) {
  struct tls_context **context = insecure ? &upstream->tls_insecure : &upstream->tls;
  struct tls_settings settings = {.ca_file = upstream->options.ca_file, .insecure = insecure};
  if (!*context) *context = tls_context_open(&settings, error);
  return *context;
}

size_t upstream_origins(const struct upstream *upstream) {
  return upstream->origins_by_key.count;
}

static void contents_free(struct upstream *upstream) {
  if (upstream->tls) tls_context_close(upstream->tls);
  if (upstream->tls_insecure) tls_context_close(upstream->tls_insecure);
  map_free(&upstream->origins_by_key);
  buffer_free(&upstream->head);
  buffer_free(&upstream->plain);
  for (size_t i = 0; i < sizeof upstream->strings / sizeof *upstream->strings; i++) free(upstream->strings[i]);
}

void upstream_free_closed(struct upstream *upstream) {
  if (!upstream->closed || upstream->connections > 0) return;
  slab_free(&upstream->slab);
  free(upstream);
}

void upstream_close(struct upstream *upstream) {
  while (!list_empty(&upstream->transfers)) {
    transfer_cancel(LIST_OWNER(upstream->transfers.next, struct transfer, node));
  }
  if (upstream->curl) curl_lane_close(upstream->curl);
  while (!list_empty(&upstream->origins)) origin_close(LIST_OWNER(upstream->origins.next, struct origin, node));
  contents_free(upstream);
  upstream->closed = true;
  upstream_free_closed(upstream);
}

void upstream_close_idle(struct upstream *upstream) {
  for (struct list *node = upstream->origins.next; node != &upstream->origins; node = node->next) {
    pool_clear(LIST_OWNER(node, struct origin, node));
  }
  if (upstream->curl) curl_lane_close_idle(upstream->curl);
}

void upstream_stats(const struct upstream *upstream, struct upstream_stats *stats) {
  *stats = upstream->stats;
}
