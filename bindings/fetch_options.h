// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "upstream/url.h"

/* The table that gateway.http's fetch takes, at index 1. Slices are borrowed from it. */
struct fetch_options {
  struct slice url, method, body;
  bool has_body;
  unsigned timeout_ms;
  uint64_t max_bytes;
  struct url address; /* for the caller to fill from `url` */
};

/* Raises on what is a bug: a wrong type, an unknown member, a time or a size out of range. */
void fetch_options_read(lua_State *L, struct fetch_options *options);

/* True when a rule of `listed` (separated by blanks) or of the table's `allow` names the address. */
bool fetch_options_allowed(lua_State *L, const struct fetch_options *options, struct slice listed);

/* True when a rule of `listed` (separated by blanks) names the address. */
bool fetch_options_listed(const struct url *address, struct slice listed);

/* The headers as lines for a transfer, into `out` (cleared first). -1 with `error` for one that may not be sent. */
int fetch_options_headers(lua_State *L, struct buffer *out, struct error *error);

/* Pushes what a fake upstream sees: { url, method, headers, body, timeout_ms }. */
void fetch_options_push(lua_State *L, const struct fetch_options *options);
