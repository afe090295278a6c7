// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "upstream/response.h"

/* Arbitrary bytes as a response, read whole and in pieces of every size: both must come to the same end. The first two
 * bytes choose the settings. */

struct outcome {
  const char *code; /* null: ended well */
  int status;
  struct buffer body; /* owned */
  size_t rest;
};

static bool feed(struct response *response, struct response_parser *parser, struct slice piece, struct outcome *outcome,
                 struct error *error) {
  for (;;) {
    struct slice data;
    switch (response_next(response, parser, &piece, &data, error)) {
      case RESPONSE_MORE:
        REQUIRE(piece.len == 0);
        return true;
      case RESPONSE_HEAD:
        REQUIRE(outcome->status == 0);
        outcome->status = response->head.response.status;
        REQUIRE(outcome->status >= 200 && outcome->status <= 599);
        break;
      case RESPONSE_DATA:
        REQUIRE(outcome->status != 0 && data.len > 0);
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

static struct outcome run(struct slice bytes, size_t step, bool to_head, uint64_t limit) {
  struct response_parser *parser = malloc(sizeof *parser);
  struct outcome outcome = {0};
  struct response response;
  struct error error = {0};
  bool going = true;
  response_parser_init(parser);
  response_init(&response, "peer:1", to_head, limit);
  while (going && bytes.len > 0) {
    size_t len = bytes.len < step ? bytes.len : step;
    char *copy = malloc(len); /* its own block, so that the sanitizer sees every overrun */
    memcpy(copy, bytes.ptr, len);
    going = feed(&response, parser, slice_make(copy, len), &outcome, &error);
    free(copy);
    bytes = slice_from(bytes, len);
  }
  if (going && response_close(&response, true, &error) < 0) outcome.code = error.code;
  REQUIRE(!limit || outcome.body.len <= limit);
  response_free(&response);
  free(parser);
  return outcome;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size < 2) return 0;
  struct slice bytes = {(const char *)data + 2, size - 2};
  bool to_head = data[0] & 1;
  uint64_t limit = data[0] & 2 ? data[0] >> 2 : 0;
  struct outcome whole = run(bytes, bytes.len ? bytes.len : 1, to_head, limit);
  struct outcome cut = run(bytes, (size_t)data[1] + 1, to_head, limit);
  REQUIRE(whole.status == cut.status && !whole.code == !cut.code);
  if (!whole.code) {
    REQUIRE(slice_equal(buffer_slice(&whole.body), buffer_slice(&cut.body)));
    REQUIRE(whole.rest == cut.rest);
  }
  buffer_free(&whole.body);
  buffer_free(&cut.body);
  return 0;
}
