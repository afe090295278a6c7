// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/slice.h"

/* Why this room itself answers a request, instead of the handler. */
enum http_refusal {
  HTTP_ACCEPTED,
  HTTP_BAD_REQUEST,
  HTTP_AMBIGUOUS_FRAMING,
  HTTP_INCOMPLETE,
  HTTP_BAD_CHUNK,
  HTTP_TIMEOUT,
  HTTP_TOO_LARGE,
  HTTP_URI_TOO_LONG,
  HTTP_EXPECTATION_FAILED,
  HTTP_HEADERS_TOO_LARGE,
  HTTP_METHOD_NOT_SUPPORTED,
  HTTP_CODING_NOT_SUPPORTED,
  HTTP_VERSION_NOT_SUPPORTED,
};

struct http_refusal_answer {
  int status;
  const char *code; /* stable word, static storage */
  const char *message;
  struct slice body; /* the JSON error, static storage */
};

const struct http_refusal_answer *http_refusal_answer(enum http_refusal refusal);
