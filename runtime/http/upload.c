// SPDX-License-Identifier: Apache-2.0
#include "http/upload.h"

#include "base/check.h"
#include "http/connection.h"
#include "http/deadline.h"
#include "http/message.h"
#include "http/output.h"
#include "http/response.h"

static uint64_t now_of(const struct connection *connection) {
  return loop_now(connection->server->loop);
}

void http_continue_send(struct connection *connection) {
  static const char bytes[] = "HTTP/1.1 100 Continue\r\n\r\n";
  uv_buf_t buf = {(char *)(uintptr_t)bytes, sizeof bytes - 1}; /* libuv only reads it */
  http_output_write(connection, &buf, 1);
}

void http_upload_begin(struct connection *connection) {
  struct exchange *exchange = connection->exchange;
  http_message_begin(exchange);
  exchange->unread = true;
  exchange->paused = true;
  exchange->paused_at = now_of(connection);
  http_connection_enter(connection, CONNECTION_UPLOAD);
}

void http_upload_refuse(struct connection *connection, enum http_refusal refusal) {
  if (connection->exchange->status == 0) {
    http_connection_refuse(connection, refusal);
  } else {
    http_connection_lose(connection);
  }
}

/* The answer is complete and nobody takes the rest of the body: a small one is thrown away. */
static bool answered(struct connection *connection) {
  const struct exchange *exchange = connection->exchange;
  connection->skip = connection->closing ? 0 : (uint32_t)(exchange->framing.length - exchange->body_received);
  connection->state = CONNECTION_ANSWER;
  return true;
}

static void piece_tell(struct connection *connection, struct slice piece, bool last) {
  const struct http_handler *handler = &connection->server->options.handler;
  if (last) {
    connection->exchange->unread = false;
    http_connection_enter(connection, CONNECTION_ANSWER);
  }
  if (piece.len > 0 || last) handler->body(connection->server->options.user, connection->exchange, piece, last);
}

bool http_step_upload(struct connection *connection, struct slice *input) {
  struct exchange *exchange = connection->exchange;
  if (exchange->finished) return answered(connection);
  if (connection->eof) {
    http_connection_lose(connection); /* within its body, or of the other protocol */
    return true;
  }
  if (exchange->paused || input->len == 0) return false;
  struct slice piece = {0};
  bool complete;
  enum http_refusal refusal = http_message_piece(exchange, input, &piece, &complete);
  if (refusal) {
    http_upload_refuse(connection, refusal);
  } else {
    piece_tell(connection, piece, complete);
  }
  return true;
}

/* ---- the handler's half of exchange.h ---- */

void exchange_body_resume(struct exchange *exchange) {
  struct connection *connection = exchange->connection;
  if (!exchange->paused) return;
  uint64_t paused = now_of(connection) - exchange->paused_at;
  exchange->paused = false;
  exchange->body_started += paused; /* our pauses are no slowness of the client's */
  exchange->body_seen = now_of(connection);
  if (exchange->waits && connection->input.len == 0) http_continue_send(connection);
  exchange->waits = false;
  if (connection->state != CONNECTION_UPLOAD) return;
  http_deadline_set(connection);
  if (!connection->busy) loop_defer(connection->server->loop, &connection->job);
}

void exchange_body_pause(struct exchange *exchange) {
  if (exchange->paused || !exchange->unread) return;
  exchange->paused = true;
  exchange->paused_at = now_of(exchange->connection);
}

bool exchange_body_over(const struct exchange *exchange) {
  return !exchange->unread;
}

void exchange_upgrade(struct exchange *exchange, struct slice prepared) {
  struct connection *connection = exchange->connection;
  struct http_server *server = connection->server;
  REQUIRE(exchange->status == 0 && !exchange->unread && exchange->request.minor == 1);
  struct http_response response = {.status = 101, .prepared = prepared, .framing = HTTP_BODY_NONE, .upgrade = true};
  exchange->status = 101;
  exchange->streaming = exchange->raw = true;
  connection->closing = true;
  http_response_compose(server, &response, &server->scratch);
  uv_buf_t head = uv_buf_init(server->scratch.data, (unsigned)server->scratch.len);
  http_output_write(connection, &head, 1);
  http_upload_begin(connection);
}
