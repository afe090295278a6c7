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

static void received(struct exchange *exchange, size_t bytes) {
  exchange->body_received += bytes;
  if (bytes > 0) exchange->body_seen = loop_now(exchange->connection->server->loop);
}

enum http_refusal http_message_read(struct exchange *exchange, struct slice *input, bool *complete) {
  *complete = false;
  size_t before = input->len;
  enum http_refusal refusal =
      exchange->framing.chunked ? chunks_read(exchange, input, complete) : sized_read(exchange, input, complete);
  received(exchange, before - input->len);
  return refusal;
}

/* The contents of all chunks of one read, joined: a client may cut its body into very small ones. */
static enum http_refusal chunks_piece(struct exchange *exchange, struct slice *input, struct slice *piece,
                                      bool *complete) {
  struct chunked_limits limits = chunked_limits_default;
  limits.chunks = 0;
  buffer_clear(&exchange->body);
  for (;;) {
    struct slice data = {0};
    enum chunked_result result = chunked_next(&exchange->chunked, &limits, input, &data);
    if (result == CHUNKED_BAD) return HTTP_BAD_CHUNK;
    if (result == CHUNKED_DATA) {
      buffer_append_slice(&exchange->body, data);
      continue;
    }
    *complete = result == CHUNKED_END;
    *piece = buffer_slice(&exchange->body);
    return HTTP_ACCEPTED;
  }
}

static void sized_piece(struct exchange *exchange, struct slice *input, struct slice *piece, bool *complete) {
  uint64_t missing = exchange->framing.length - exchange->body_received;
  *piece = slice_make(input->ptr, exchange->raw || input->len < missing ? input->len : (size_t)missing);
  *input = slice_from(*input, piece->len);
  *complete = !exchange->raw && piece->len == missing;
}

enum http_refusal http_message_piece(struct exchange *exchange, struct slice *input, struct slice *piece,
                                     bool *complete) {
  size_t before = input->len;
  enum http_refusal refusal = HTTP_ACCEPTED;
  *complete = false;
  if (exchange->framing.chunked) {
    refusal = chunks_piece(exchange, input, piece, complete);
  } else {
    sized_piece(exchange, input, piece, complete);
  }
  received(exchange, before - input->len);
  return refusal;
}
