// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "codec/field.h"
#include "http/refusal.h"

/* What the header fields say of the message itself: where its body ends and whether the connection goes on. */
struct http_framing {
  struct slice host; /* empty when absent (HTTP/1.0 alone) */
  unsigned long long length;
  bool has_length, chunked;
  bool keep_alive;
  bool plain_connection; /* no Connection field, or one whose whole value is `close` or `keep-alive` */
  bool expects_continue;
};

enum http_refusal http_framing_parse(const struct http_field *fields, unsigned count, int minor,
                                     struct http_framing *out);
