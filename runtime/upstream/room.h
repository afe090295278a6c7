// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "base/map.h"
#include "base/slab.h"
#include "upstream/response_head.h"
#include "upstream/upstream.h"

/* Private to this room: what its files share.
 *
 *   upstream     one worker's outbound side; owns origins, TLS contexts, the curl lane
 *   origin       where calls go, with its addresses (resolver) and idle connections (pool)
 *   connection   one TCP socket, maybe with TLS on it; tells its user (a dial, a client, the pool)
 *   dial         from a name to a ready connection
 *   transfer     one call, as its owner sees it; carried by a lane
 *   client       the HTTP/1.1 lane: writes a request, reads a response
 *   curl call    the other lane: proxies and HTTP/2 */

struct tls_context;
struct curl_lane;

struct upstream {
  struct loop *loop;
  struct upstream_options options;
  char *strings[4];                       /* owned copies of the options' texts */
  struct tls_context *tls, *tls_insecure; /* owned; opened for the first TLS origin */
  struct curl_lane *curl;                 /* owned; opened for the first call that needs it */
  struct map origins_by_key;
  struct list origins;   /* owned */
  struct list transfers; /* that still run; owned by their owners */
  struct response_parser parser;
  struct buffer head;  /* the request head being composed */
  struct buffer plain; /* a small request being gathered for one TLS record */
  struct upstream_stats stats;
  struct slab slab;     /* the connections' memory */
  unsigned connections; /* not yet closed; the last close callback frees a closed room */
  bool closed;
};

/* Frees a closed room when no connection is left. */
void upstream_free_closed(struct upstream *upstream);

/* The context for verified or unverified TLS, opened when there is none. */
struct tls_context *upstream_tls(struct upstream *upstream, bool insecure, struct error *error);
