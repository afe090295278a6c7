// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants those four first */
#include <cmocka.h>

#include "base/buffer.h"
#include "http/parser.h"

/* The verdict the server comes to when `bytes` arrive at once. HTTP_INCOMPLETE: it would wait for more. */
static inline enum http_refusal judge_whole(struct slice bytes, struct http_head *head) {
  struct http_field fields[100];
  size_t scanned = 0, length = field_head_length(bytes, &scanned);
  if (length == 0) {
    enum http_refusal refusal = http_head_glance(bytes, 0, &http_limits_default);
    return refusal ? refusal : HTTP_INCOMPLETE;
  }
  enum http_refusal refusal = http_head_parse(slice_make(bytes.ptr, length), &http_limits_default, fields, head);
  if (refusal) return refusal;
  struct http_parser *parser = http_parser_open();
  bool agrees = http_parser_agrees(parser, slice_make(bytes.ptr, length), head);
  http_parser_close(parser);
  return agrees ? HTTP_ACCEPTED : HTTP_BAD_REQUEST;
}

/* The same when they arrive one after the other. */
static inline enum http_refusal judge_bytewise(struct slice bytes) {
  struct http_head head;
  size_t scanned = 0;
  for (size_t len = 1; len <= bytes.len; len++) {
    struct slice seen = slice_make(bytes.ptr, len);
    size_t before = scanned;
    if (field_head_length(seen, &scanned)) return judge_whole(seen, &head);
    enum http_refusal refusal = http_head_glance(seen, before, &http_limits_default);
    if (refusal) return refusal;
  }
  return HTTP_INCOMPLETE;
}
