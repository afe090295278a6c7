// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

/* A whole address, as a script writes it, and the rules of who may be called. */
struct url {
  struct slice origin; /* "https://host:port", borrowed from the text: see origin_options */
  struct slice target; /* path and query, "/" when there is none; borrowed */
  bool secure;
  bool loopback;  /* a numeric loopback address, or localhost */
  char host[254]; /* lower case, IPv6 without brackets */
  unsigned port;
};

/* `http[s]://host[:port][/path][?query]`. Refuses what origin_get refuses (user info and ambiguous hosts, too), and a
 * query without a path. The target's bytes are checked when the call is sent. */
int url_parse(struct slice text, struct url *url, struct error *error);

/* Whether the host itself is an address off the public Internet, or a name of this machine: no resolver need be asked.
 */
bool url_private(const struct url *url);

/* Does `rule` name this address? A rule is `[http://|https://]host[:port]`; `*.example.com` as the host stands for
 * every name below example.com, not for itself; without a port any port is meant. Unencrypted calls are only meant by a
 * rule that says http://, or when the address is this machine's loopback. */
bool url_allowed(const struct url *url, struct slice rule);
