// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "http/connection.h"
#include "http/output.h"
#include "http/response.h"

/* The answering half of exchange.h. */

enum { FEW_PIECES = 8, CHUNK_LINE = 20 };

static uv_buf_t piece(struct slice bytes) {
  return (uv_buf_t){(char *)(uintptr_t)bytes.ptr, bytes.len}; /* libuv only reads it */
}

static int write_pieces(struct exchange *exchange, const uv_buf_t *bufs, unsigned count) {
  return exchange->gone ? -1 : http_output_write(exchange->connection, bufs, count);
}

/* The handler has said all: what follows happens in the connection's next step. */
static void finish(struct exchange *exchange) {
  struct connection *connection = exchange->connection;
  exchange->finished = true;
  if (!connection->busy) loop_defer(connection->server->loop, &connection->job);
}

/* Whether the next request can be found where this one ends, and is wanted. */
static bool connection_survives(const struct exchange *exchange) {
  const struct connection *connection = exchange->connection;
  const struct http_server *server = connection->server;
  bool in_step = !exchange->unread || (exchange->skippable && connection->state != CONNECTION_BODY);
  return in_step && exchange->framing.keep_alive && !exchange->close_after && !connection->closing &&
         !server->draining && connection->served < server->options.limits.requests;
}

/* Chooses the status and composes the head into the server's scratch buffer. */
static struct slice head_compose(struct exchange *exchange, struct http_response *response) {
  struct connection *connection = exchange->connection;
  if (response->status < 200 || response->status > 599) response->status = 500;
  exchange->status = response->status;
  exchange->head_only = slice_equal(exchange->request.method, SLICE_LITERAL("HEAD"));
  if (response->status == 204 || response->status == 304) {
    exchange->head_only = true;
    response->framing = HTTP_BODY_NONE;
  }
  if (response->framing == HTTP_BODY_UNTIL_CLOSE && !exchange->head_only) exchange->close_after = true;
  connection->closing = !connection_survives(exchange);
  response->close = connection->closing;
  response->keep_alive = !connection->closing && exchange->request.minor == 0;
  http_response_compose(connection->server, response, &connection->server->scratch);
  return buffer_slice(&connection->server->scratch);
}

void exchange_respond(struct exchange *exchange, int status, const struct http_field *fields, unsigned field_count,
                      struct slice prepared, const struct slice *body, unsigned body_count) {
  REQUIRE(exchange->status == 0);
  struct http_response response = {status, fields, field_count, prepared, .framing = HTTP_BODY_LENGTH};
  for (unsigned i = 0; i < body_count; i++) response.length += body[i].len;
  uv_buf_t few[FEW_PIECES + 1];
  uv_buf_t *bufs = body_count <= FEW_PIECES ? few : arena_alloc(&exchange->arena, (body_count + 1UL) * sizeof *bufs);
  bufs[0] = piece(head_compose(exchange, &response));
  unsigned count = exchange->head_only ? 0 : body_count;
  for (unsigned i = 0; i < count; i++) bufs[i + 1] = piece(body[i]);
  if (write_pieces(exchange, bufs, count + 1) == 0 && !exchange->head_only) exchange->bytes_sent = response.length;
  finish(exchange);
}

static void stream_begin(struct exchange *exchange, struct http_response *response) {
  REQUIRE(exchange->status == 0);
  exchange->held = arena_copy(&exchange->arena, head_compose(exchange, response));
  exchange->streaming = true;
  exchange->chunking = response->framing == HTTP_BODY_CHUNKED && !exchange->head_only;
}

void exchange_stream_begin(struct exchange *exchange, int status, const struct http_field *fields, unsigned field_count,
                           struct slice prepared) {
  enum http_body_framing framing = exchange->request.minor == 1 ? HTTP_BODY_CHUNKED : HTTP_BODY_UNTIL_CLOSE;
  stream_begin(exchange, &(struct http_response){status, fields, field_count, prepared, .framing = framing});
}

void exchange_stream_begin_sized(struct exchange *exchange, int status, const struct http_field *fields,
                                 unsigned field_count, struct slice prepared, uint64_t length) {
  struct http_response response = {status, fields, field_count, prepared, .framing = HTTP_BODY_LENGTH, length};
  stream_begin(exchange, &response);
  exchange->sized = !exchange->head_only;
  exchange->answer_left = length;
}

/* "1a2b\r\n", written to the end of `line`. */
static struct slice chunk_line(size_t len, char line[CHUNK_LINE]) {
  char *at = line + CHUNK_LINE;
  *--at = '\n';
  *--at = '\r';
  do {
    *--at = "0123456789abcdef"[len & 15];
    len >>= 4;
  } while (len > 0);
  return slice_make(at, (size_t)(line + CHUNK_LINE - at));
}

static struct slice held_take(struct exchange *exchange) {
  struct slice held = exchange->held;
  exchange->held = (struct slice){0};
  return held;
}

static int stream_send(struct exchange *exchange, struct slice bytes) {
  char line[CHUNK_LINE];
  uv_buf_t bufs[4];
  unsigned count = 0;
  if (exchange->held.len > 0) bufs[count++] = piece(held_take(exchange));
  if (exchange->chunking) bufs[count++] = piece(chunk_line(bytes.len, line));
  bufs[count++] = piece(bytes);
  if (exchange->chunking) bufs[count++] = piece(SLICE_LITERAL("\r\n"));
  return write_pieces(exchange, bufs, count);
}

enum exchange_write exchange_stream_write(struct exchange *exchange, struct slice bytes) {
  REQUIRE(exchange->streaming && !exchange->finished);
  const struct http_limits *limits = &exchange->connection->server->options.limits;
  if (exchange->gone) return exchange->detached ? EXCHANGE_OK : EXCHANGE_GONE;
  if (exchange->head_only || bytes.len == 0) return EXCHANGE_OK; /* an empty chunk would be the last one */
  if (exchange->sized) {
    if (bytes.len > exchange->answer_left) bytes.len = (size_t)exchange->answer_left; /* more would be another answer */
    if (bytes.len == 0) return EXCHANGE_OK;
    exchange->answer_left -= bytes.len;
  }
  if (http_output_queued(exchange->connection) >= limits->queue_cap) http_connection_lose(exchange->connection);
  if (stream_send(exchange, bytes) < 0) return EXCHANGE_GONE;
  exchange->bytes_sent += bytes.len;
  if (http_output_queued(exchange->connection) <= limits->queue_high) return EXCHANGE_OK;
  exchange->full = true;
  return EXCHANGE_FULL;
}

void exchange_stream_end(struct exchange *exchange, bool complete) {
  REQUIRE(exchange->streaming && !exchange->finished);
  uv_buf_t bufs[2];
  unsigned count = 0;
  if (exchange->held.len > 0) bufs[count++] = piece(held_take(exchange));
  if (exchange->sized && exchange->answer_left > 0) complete = false;
  if (exchange->chunking && complete) bufs[count++] = piece(SLICE_LITERAL("0\r\n\r\n"));
  if (!complete) exchange->connection->closing = true;
  if (count > 0) write_pieces(exchange, bufs, count);
  finish(exchange);
}

void http_connection_refuse(struct connection *connection, enum http_refusal refusal) {
  const struct http_refusal_answer *answer = http_refusal_answer(refusal);
  const struct http_handler *handler = &connection->server->options.handler;
  struct exchange *exchange = connection->exchange ? connection->exchange : http_exchange_open(connection);
  exchange->error_code = answer->code;
  connection->closing = true;
  connection->state = CONNECTION_ANSWER;
  struct http_field type = {SLICE_LITERAL("Content-Type"), SLICE_LITERAL("application/json")};
  struct slice prepared = {0};
  struct slice body = {0};
  int status = answer->status;
  void *user = connection->server->options.user;
  if (handler->refusal_fields) prepared = handler->refusal_fields(user, exchange);
  if (handler->refusal_body) body = handler->refusal_body(user, exchange, answer->code, answer->message, &status);
  exchange_respond(exchange, status, &type, 1, prepared, body.len > 0 ? &body : &answer->body, 1);
}
