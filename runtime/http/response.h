// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "codec/field.h"

struct http_server;

/* Composing the head of an answer. */

enum http_body_framing {
  HTTP_BODY_NONE,        /* 204, 304 */
  HTTP_BODY_LENGTH,      /* Content-Length */
  HTTP_BODY_CHUNKED,     /* Transfer-Encoding: chunked */
  HTTP_BODY_UNTIL_CLOSE, /* HTTP/1.0 streams */
};

struct http_response {
  int status;
  const struct http_field *fields;
  unsigned field_count;
  struct slice prepared;
  enum http_body_framing framing;
  unsigned long long length;
  bool close;      /* Connection: close */
  bool keep_alive; /* Connection: keep-alive, for HTTP/1.0 */
  bool upgrade;    /* Connection: Upgrade, for 101 */
};

/* Replaces what `out` holds by the head, its empty line included. */
void http_response_compose(struct http_server *server, const struct http_response *response, struct buffer *out);
