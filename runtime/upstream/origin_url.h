// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"
#include "base/slice.h"

/* Private to this room. */

struct origin_url {
  bool secure;
  bool address;   /* the host is a numeric address */
  char host[254]; /* lower case, IPv6 without brackets */
  unsigned port;
};

/* `http[s]://host[:port]`, strictly: no user info, path, query, fragment, and no host that two parsers could read in
 * two ways (short, octal, hexadecimal or decimal IPv4, trailing dot, percent or non-ASCII bytes). */
int origin_url_parse(struct slice text, struct origin_url *url, struct error *error);
