// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "http/framing.h"
#include "http/refusal.h"
#include "http/server.h"

/* The byte-exact scanner of request heads: what it does not know to be right, it refuses. */

struct http_head {
  struct http_request request; /* `fields` is the caller's array; filled as far as the scan came when it refuses */
  struct slice target;         /* as written in the request line */
  struct http_framing framing;
};

/* Judges the first bytes of a head whose end has not come: nothing that can only end in a refusal is waited for.
 * `from`: how many bytes earlier calls have seen. */
enum http_refusal http_head_glance(struct slice bytes, size_t from, const struct http_limits *limits);

/* Scans a whole head, its final CRLFCRLF included. Writes at most `limits->fields.count` fields. All slices of `out`
 * point into `bytes`. */
enum http_refusal http_head_parse(struct slice bytes, const struct http_limits *limits, struct http_field *fields,
                                  struct http_head *out);
