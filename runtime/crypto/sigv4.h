// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"

/* AWS Signature Version 4 (AWS4-HMAC-SHA256), for all services but S3: the path is encoded once more than on the
 * wire. */

struct sigv4_header {
  struct slice name, value;
};

struct sigv4_request {
  struct slice access_key, secret_key;
  struct slice session_token; /* empty: a lasting key */
  struct slice region, service;
  struct slice method;
  struct slice host; /* as sent, with the port where that is not the default */
  struct slice path; /* as sent, with its query */
  struct slice body;
  const struct sigv4_header *headers; /* those sent; of what proxies change nothing is signed */
  size_t header_count;
  long long time; /* Unix seconds */
};

enum { SIGV4_DATE_SIZE = 16, SIGV4_HEADERS_MAX = 64 };

struct sigv4_signature {
  char date[SIGV4_DATE_SIZE + 1]; /* the value of x-amz-date */
  struct slice canonical;         /* what was hashed; for tests */
  struct slice authorization;     /* the header's value */
};

/* Signs `host`, `x-amz-date`, a session token as `x-amz-security-token`, and the headers given, whose names differ
 * without regard to case. The slices of `out` live in `arena`. Returns -1 when there are more than SIGV4_HEADERS_MAX
 * headers or query parameters, or memory is gone. */
int sigv4_sign(const struct sigv4_request *request, struct arena *arena, struct sigv4_signature *out);
