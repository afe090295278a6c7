// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include "http/connection.h"

enum { RESERVE_MAX = 1024 * 1024 }; /* an announced length is believed up to here; beyond, memory grows with bytes */

void http_message_begin(struct exchange *exchange) {
  chunked_init(&exchange->chunked);
  exchange->body_started = exchange->body_seen = loop_now(exchange->connection->server->loop);
}

static void sized_append(struct exchange *exchange, struct slice bytes) {
  size_t announced = (size_t)exchange->framing.length;
  if (exchange->body.cap == 0) buffer_reserve(&exchange->body, announced < RESERVE_MAX ? announced : RESERVE_MAX);
  buffer_append_slice(&exchange->body, bytes);
}

static enum http_refusal sized_read(struct exchange *exchange, struct slice *input, bool *complete) {
  uint64_t missing = exchange->framing.length - exchange->body.len;
  size_t taken = input->len < missing ? input->len : (size_t)missing;
  struct slice bytes = slice_make(input->ptr, taken);
  *input = slice_from(*input, taken);
  *complete = taken == missing;
  if (*complete && exchange->body.len == 0) {
    exchange->request.body = arena_copy(&exchange->arena, bytes);
    return HTTP_ACCEPTED;
  }
  sized_append(exchange, bytes);
  if (*complete) exchange->request.body = buffer_slice(&exchange->body);
  return HTTP_ACCEPTED;
}

static enum http_refusal chunks_read(struct exchange *exchange, struct slice *input, bool *complete) {
  uint64_t limit = exchange->connection->server->options.limits.body;
  for (;;) {
    struct slice data = {0};
    switch (chunked_next(&exchange->chunked, &chunked_limits_default, input, &data)) {
      case CHUNKED_NEED_MORE:
        return HTTP_ACCEPTED;
      case CHUNKED_BAD:
        return HTTP_BAD_CHUNK;
      case CHUNKED_END:
        exchange->request.body = buffer_slice(&exchange->body);
        *complete = true;
        return HTTP_ACCEPTED;
      case CHUNKED_DATA:
        if (data.len > limit - exchange->body.len) return HTTP_TOO_LARGE;
        buffer_append_slice(&exchange->body, data);
        break;
    }
  }
}

enum http_refusal http_message_read(struct exchange *exchange, struct slice *input, bool *complete) {
  *complete = false;
  size_t before = input->len;
  enum http_refusal refusal =
      exchange->framing.chunked ? chunks_read(exchange, input, complete) : sized_read(exchange, input, complete);
  exchange->body_received += before - input->len;
  if (before > 0) exchange->body_seen = loop_now(exchange->connection->server->loop);
  return refusal;
}
