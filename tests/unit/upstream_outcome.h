// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>
#include <stdlib.h>

#include "upstream/response.h"

/* Reads a response from bytes, without sockets. */

struct outcome {
  const char *code;   /* the error; null when the response ended well */
  int status;         /* 0: no head was told */
  struct buffer body; /* owned */
  size_t rest;        /* bytes behind the response */
  bool keep_alive;
};

#define BYTES(text) SLICE_LITERAL(text)
#define OK "HTTP/1.1 200 OK\r\n"

static struct response_parser parser;

static inline int setup(void **state) {
  (void)state;
  response_parser_init(&parser);
  return 0;
}

/* Feeds one piece; false when the response is over. */
static inline bool feed(struct response *response, struct slice piece, struct outcome *outcome, struct error *error) {
  for (;;) {
    struct slice data;
    switch (response_next(response, &parser, &piece, &data, error)) {
      case RESPONSE_MORE:
        assert_int_equal(piece.len, 0);
        return true;
      case RESPONSE_HEAD:
        assert_int_equal(outcome->status, 0);
        outcome->status = response->head.response.status;
        outcome->keep_alive = response->head.keep_alive;
        break;
      case RESPONSE_DATA:
        assert_int_not_equal(outcome->status, 0);
        assert_true(data.len > 0);
        buffer_append_slice(&outcome->body, data);
        break;
      case RESPONSE_END:
        outcome->rest += piece.len;
        return true;
      default:
        outcome->code = error->code;
        return false;
    }
  }
}

/* Reads `bytes` in pieces: the first of `first` bytes, the others of `step`; then a clean end. */
static inline struct outcome read_response(struct slice bytes, size_t first, size_t step, bool to_head,
                                           uint64_t limit) {
  struct outcome outcome = {0};
  struct error error = {0};
  struct response response;
  response_init(&response, "peer:1", to_head, limit);
  bool going = true;
  for (size_t at = 0, len = first; going && at < bytes.len; at += len, len = step) {
    if (at + len > bytes.len) len = bytes.len - at;
    char *copy = malloc(len ? len : 1); /* its own block, so that the sanitizer sees every overrun */
    memcpy(copy, bytes.ptr + at, len);
    going = feed(&response, slice_make(copy, len), &outcome, &error);
    free(copy);
  }
  if (going && response_close(&response, true, &error) < 0) outcome.code = error.code;
  if (outcome.code) assert_non_null(strstr(error.message, "peer:1"));
  response_free(&response);
  return outcome;
}
