// SPDX-License-Identifier: Apache-2.0
#include "http/steps.h"

#include <sys/socket.h>

#include "http/connection.h"
#include "http/deadline.h"
#include "http/detached.h"
#include "http/upload.h"

static bool step_answer(struct connection *connection);
static bool step_flush(struct connection *connection);
static bool step_skip(struct connection *connection, struct slice *input);
static bool step_linger(struct connection *connection, struct slice *input);
static bool drop(struct connection *connection);

bool http_step(struct connection *connection, struct slice *input) {
  if (connection->lost) return drop(connection);
  switch ((enum connection_state)connection->state) {
    case CONNECTION_WAIT:
    case CONNECTION_HEAD:
      return http_step_head(connection, input);
    case CONNECTION_BODY:
      return http_step_body(connection, input);
    case CONNECTION_ANSWER:
      return step_answer(connection);
    case CONNECTION_UPLOAD:
      return http_step_upload(connection, input);
    case CONNECTION_FLUSH:
      return step_flush(connection);
    case CONNECTION_SKIP:
      return step_skip(connection, input);
    case CONNECTION_LINGER:
      return step_linger(connection, input);
    case CONNECTION_CLOSED:
      return false;
  }
  return false;
}

/* Whether what ran for the client goes on without it. */
static bool is_kept(struct exchange *exchange) {
  const struct http_server_options *options = &exchange->connection->server->options;
  if (exchange->finished || !options->handler.gone) return false;
  return options->handler.gone(options->user, exchange) == HTTP_GO_ON && !exchange->finished;
}

/* Closes without another word; what ran for the client is told. */
static bool drop(struct connection *connection) {
  struct exchange *exchange = connection->exchange;
  if (connection->state == CONNECTION_CLOSED) return false;
  if (exchange && is_kept(exchange)) {
    http_exchange_detach(exchange);
  } else if (exchange) {
    http_exchange_close(exchange);
  }
  http_connection_close(connection);
  return false;
}

static bool step_answer(struct connection *connection) {
  struct exchange *exchange = connection->exchange;
  if (!exchange->finished) {
    if (!connection->eof) return false;
    http_connection_lose(connection); /* a FIN while its answer is pending means gone */
    return true;
  }
  http_exchange_close(exchange);
  connection->state = CONNECTION_FLUSH;
  if (connection->output) http_deadline_set(connection);
  return true;
}

static bool linger(struct connection *connection) {
  uv_os_fd_t fd;
  if (connection->eof || uv_fileno((uv_handle_t *)&connection->tcp, &fd) < 0 || shutdown(fd, SHUT_WR) < 0) {
    http_connection_close(connection);
    return false;
  }
  connection->since = loop_now(connection->server->loop);
  http_connection_enter(connection, CONNECTION_LINGER);
  return true;
}

static bool step_flush(struct connection *connection) {
  if (connection->output) return false;
  if (connection->closing || connection->server->draining) return linger(connection);
  connection->state = CONNECTION_WAIT;
  if (connection->skip > 0) http_connection_enter(connection, CONNECTION_SKIP);
  return true;
}

static bool step_skip(struct connection *connection, struct slice *input) {
  uint32_t taken = input->len < connection->skip ? (uint32_t)input->len : connection->skip;
  *input = slice_from(*input, taken);
  connection->skip -= taken;
  if (connection->skip == 0) {
    connection->state = CONNECTION_WAIT;
    return true;
  }
  if (connection->eof) http_connection_close(connection);
  return false;
}

static bool step_linger(struct connection *connection, struct slice *input) {
  bool more = input->len > 0;
  *input = slice_from(*input, input->len);
  if (connection->eof) {
    http_connection_close(connection);
  } else if (more) {
    http_deadline_set(connection);
  }
  return false;
}
