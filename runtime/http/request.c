// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "http/connection.h"
#include "http/deadline.h"
#include "http/message.h"
#include "http/output.h"
#include "http/steps.h"
#include "http/upload.h"

/* The steps of a request on its way in: its head, its body, the handler's turn. */

static const struct http_handler *handler_of(const struct connection *connection) {
  return &connection->server->options.handler;
}

static bool refuse(struct connection *connection, enum http_refusal refusal) {
  http_connection_refuse(connection, refusal);
  return true;
}

/* Nothing of a head is there: the connection is idle. */
static bool head_absent(struct connection *connection) {
  bool drained = connection->server->draining && connection->served > 0;
  if (connection->eof || drained) {
    http_connection_close(connection);
  } else {
    http_deadline_set(connection);
  }
  return false;
}

static bool head_partial(struct connection *connection, struct slice bytes, size_t seen) {
  enum http_refusal refusal = http_head_glance(bytes, seen, &connection->server->options.limits);
  if (!refusal && connection->eof) refusal = HTTP_INCOMPLETE;
  return refusal ? refuse(connection, refusal) : false;
}

static enum http_refusal head_judge(struct http_server *server, struct slice bytes, struct http_head *head) {
  enum http_refusal refusal = http_head_parse(bytes, &server->options.limits, server->fields, head);
  if (refusal) return refusal;
  if (!http_parser_agrees(server->parser, bytes, head)) {
    server->counters.disagreements++;
    return HTTP_BAD_REQUEST;
  }
  return HTTP_ACCEPTED;
}

/* Moves the parsed head into the exchange; as far as it was parsed when it is refused. */
static enum http_refusal head_take(struct exchange *exchange, struct slice bytes) {
  struct http_server *server = exchange->connection->server;
  struct http_head head;
  enum http_refusal refusal = head_judge(server, arena_copy(&exchange->arena, bytes), &head);
  exchange->request = head.request;
  exchange->framing = head.framing;
  struct slice fields =
      slice_make((const char *)head.request.fields, head.request.field_count * sizeof(struct http_field));
  exchange->request.fields = (const struct http_field *)(const void *)arena_copy(&exchange->arena, fields).ptr;
  return refusal;
}

/* The request is whole: the handler's turn. */
static bool request_deliver(struct connection *connection) {
  struct exchange *exchange = connection->exchange;
  exchange->unread = false;
  http_connection_enter(connection, CONNECTION_ANSWER);
  handler_of(connection)->request(connection->server->options.user, exchange);
  return true;
}

/* The handler has answered without wanting the body. */
static bool answered_early(struct connection *connection) {
  struct exchange *exchange = connection->exchange;
  REQUIRE(exchange->finished);
  connection->skip = exchange->skippable ? (uint32_t)exchange->framing.length : 0;
  connection->state = CONNECTION_ANSWER;
  return true;
}

/* A client that holds its body back until it hears `100` may also never send it. */
static bool waits_for_continue(const struct exchange *exchange, const struct slice *input) {
  return exchange->request.has_body && exchange->framing.expects_continue && input->len == 0;
}

static bool body_collect(struct connection *connection, bool waits) {
  struct exchange *exchange = connection->exchange;
  if (exchange->framing.length > connection->server->options.limits.body) return refuse(connection, HTTP_TOO_LARGE);
  http_message_begin(exchange);
  http_connection_enter(connection, CONNECTION_BODY);
  if (waits) http_continue_send(connection);
  return true;
}

static bool head_offer(struct connection *connection, struct slice *input) {
  struct exchange *exchange = connection->exchange;
  bool waits = waits_for_continue(exchange, input);
  exchange->unread = exchange->request.has_body;
  exchange->skippable = !waits && !exchange->framing.chunked && exchange->framing.length <= CONNECTION_SKIP_MAX;
  const struct http_handler *handler = handler_of(connection);
  int verdict = handler->head ? handler->head(connection->server->options.user, exchange) : 0;
  if (verdict == HTTP_ANSWERED) return answered_early(connection);
  if (connection->lost) return true;
  if (!exchange->request.has_body) return request_deliver(connection);
  if (verdict == HTTP_COLLECT) return body_collect(connection, waits);
  exchange->waits = waits;
  http_upload_begin(connection);
  handler_of(connection)->request(connection->server->options.user, exchange);
  return true;
}

static void head_begin(struct connection *connection) {
  connection->since = uv_hrtime();
  connection->scanned = 0;
  connection->state = CONNECTION_HEAD;
}

bool http_step_head(struct connection *connection, struct slice *input) {
  size_t lead = slice_starts(*input, SLICE_LITERAL("\r\n")) ? 2 : 0; /* one empty line is forgiven (RFC 9112, 2.2) */
  struct slice bytes = slice_from(*input, lead);
  if (bytes.len == 0 || (lead == 0 && slice_equal(bytes, SLICE_LITERAL("\r")))) return head_absent(connection);
  bool begins = connection->state == CONNECTION_WAIT;
  if (begins) head_begin(connection);
  size_t seen = connection->scanned, scanned = seen;
  size_t length = field_head_length(bytes, &scanned);
  connection->scanned = (uint32_t)scanned;
  if (length == 0) {
    if (begins) http_deadline_set(connection);
    return head_partial(connection, bytes, seen);
  }
  *input = slice_from(bytes, length);
  enum http_refusal refusal = head_take(http_exchange_open(connection), slice_make(bytes.ptr, length));
  return refusal ? refuse(connection, refusal) : head_offer(connection, input);
}

bool http_step_body(struct connection *connection, struct slice *input) {
  if (connection->exchange->finished) { /* answered from outside, before it was the handler's turn */
    connection->state = CONNECTION_ANSWER;
    return true;
  }
  bool complete;
  enum http_refusal refusal = http_message_read(connection->exchange, input, &complete);
  if (!refusal && complete) return request_deliver(connection);
  if (!refusal && connection->eof) refusal = HTTP_INCOMPLETE;
  return refusal ? refuse(connection, refusal) : false;
}
