// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"
#include "loop/loop.h"
#include "upstream/transfer.h"

/* Everything of one worker that talks to providers: origins, their pools, the resolver, the TLS contexts. */

struct replay_source;

struct upstream_options {
  unsigned pool_idle_ms;   /* 60,000 */
  unsigned pool_age_ms;    /* 600,000 */
  unsigned pool_idle_max;  /* idle connections kept per origin: 1,024 */
  unsigned dns_timeout_ms; /* 2,000 */
  unsigned dns_cache_ms;   /* 30,000 */
  const char *ca_file;     /* null = system */
  const char *https_proxy; /* null = none; with one, TLS origins not named by no_proxy go through curl.c */
  const char *http_proxy;
  const char *no_proxy;               /* comma list of hosts and .suffixes, or * */
  const struct replay_source *replay; /* null: calls go over the network; see replay.h. Borrowed */
};

struct upstream *upstream_open(struct loop *loop, const struct upstream_options *options, struct error *error);

/* Cancels what still runs and closes every connection; memory goes when the loop has run the close callbacks. Not from
 * inside an event of a transfer. */
void upstream_close(struct upstream *upstream);

/* Closes idle connections now (drain). */
void upstream_close_idle(struct upstream *upstream);

struct upstream_stats {
  unsigned active, idle;
  uint64_t connects, reuses;
};
void upstream_stats(const struct upstream *upstream, struct upstream_stats *stats);

/* Where calls go: (scheme, host, port, TLS settings), with its pool. One per distinct key, shared by everybody who
 * asks; lives until upstream_close. */
enum origin_protocol { ORIGIN_HTTP1, ORIGIN_HTTP2 };

struct origin_options {
  struct slice url; /* http:// or https://, host, optional port; path, query, user info and fragment are refused here */
  enum origin_protocol protocol; /* ORIGIN_HTTP2: served by curl.c */
  bool tls_insecure;
  bool public_only; /* refuses to connect to private, loopback and other addresses off the public Internet */
};

/* Null with `error` (upstream_bad_origin, or the trust store's) when the address cannot be used. */
struct origin *origin_get(struct upstream *upstream, const struct origin_options *options, struct error *error);

/* Bodies may be sent in pieces there: not in a replay. */
bool origin_streams(const struct origin *origin);

/* Connections may be upgraded there: not through a proxy either, or by HTTP/2. */
bool origin_upgrades(const struct origin *origin);

/* How many there are. */
size_t upstream_origins(const struct upstream *upstream);

/* Appends "https://host:port". */
void origin_address(const struct origin *origin, struct buffer *out);
