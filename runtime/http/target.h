// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"
#include "http/refusal.h"

/* The request target (RFC 9112 section 3.2) and the Host field, byte-exact. */

struct http_target {
  struct slice authority; /* of the absolute form; empty for the others */
  struct slice path;      /* "*" for the asterisk form; never empty */
  struct slice query;
};

/* Splits `target` into borrowed slices, or says why not. `asterisk` allows the form "*" (OPTIONS alone). */
enum http_refusal http_target_parse(struct slice target, bool asterisk, unsigned query_parameters,
                                    struct http_target *out);

/* A name or an address, with an optional port, and nothing else. */
bool http_host_valid(struct slice host);
