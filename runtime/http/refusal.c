// SPDX-License-Identifier: Apache-2.0
#include "http/refusal.h"

#include "base/check.h"

#define ANSWER(status, code, message)                                  \
  {                                                                    \
    status, code, message, {                                           \
      ERROR_JSON(code, message), sizeof(ERROR_JSON(code, message)) - 1 \
    }                                                                  \
  }
#define ERROR_JSON(code, message) \
  "{\"error\":{\"message\":\"" message "\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"" code "\"}}"

static const struct http_refusal_answer answers[] = {
    [HTTP_BAD_REQUEST] = ANSWER(400, "bad_request", "The request is not well-formed HTTP/1.1."),
    [HTTP_AMBIGUOUS_FRAMING] = ANSWER(400, "ambiguous_framing", "The length of the request body is ambiguous."),
    [HTTP_INCOMPLETE] = ANSWER(400, "bad_request", "The connection ended before the request was complete."),
    [HTTP_BAD_CHUNK] = ANSWER(400, "bad_chunk", "The chunked request body is malformed."),
    [HTTP_TIMEOUT] = ANSWER(408, "request_timeout", "The request did not arrive in time."),
    [HTTP_TOO_LARGE] = ANSWER(413, "request_too_large", "request body too large"),
    [HTTP_URI_TOO_LONG] = ANSWER(414, "uri_too_long", "The request line is longer than this server accepts."),
    [HTTP_EXPECTATION_FAILED] = ANSWER(417, "expectation_failed", "The only expectation served is 100-continue."),
    [HTTP_HEADERS_TOO_LARGE] =
        ANSWER(431, "headers_too_large", "The request headers are larger than this server accepts."),
    [HTTP_METHOD_NOT_SUPPORTED] =
        ANSWER(501, "method_not_supported", "The request method is not supported by this server."),
    [HTTP_CODING_NOT_SUPPORTED] =
        ANSWER(501, "transfer_encoding_not_supported", "The only transfer coding served is chunked."),
    [HTTP_VERSION_NOT_SUPPORTED] =
        ANSWER(505, "http_version_not_supported", "The versions served are HTTP/1.0 and HTTP/1.1."),
};

const struct http_refusal_answer *http_refusal_answer(enum http_refusal refusal) {
  REQUIRE(refusal != HTTP_ACCEPTED);
  return &answers[refusal];
}
