// SPDX-License-Identifier: Apache-2.0
#include "upstream/client.h"

#include <stdlib.h>

#include "base/check.h"
#include "upstream/dial.h"
#include "upstream/request.h"
#include "upstream/response.h"

enum {
  BODY_PIECES = 14,
  CHUNK_LINE = 20,
  QUEUE_HIGH = 64 * 1024
}; /* with the head fewer than connection_send writes in one go */

struct client {
  struct transfer transfer;      /* first: the interface's view */
  struct connection *connection; /* owned */
  struct dial *dial;             /* owned */
  struct buffer request;         /* owned; head and body, kept while there is no connection */
  size_t unsent;                 /* what the connection's queue held when it was last looked at */
  struct response response;
  struct buffer held; /* owned; bytes that came before a pause took effect */
  struct loop_job wake;
  struct slice upgrade; /* owned, in `protocol` */
  char protocol[16];
  size_t queue_high;
  bool extra;    /* more bytes came than the response has, or before all was sent: this connection serves no other */
  bool due;      /* more of the request's body is to come */
  bool chunking; /* which goes in chunks */
  bool full;     /* who sends it waits */
};

static void on_data(void *user, struct slice bytes);
static void on_turn(void *user);
static void on_sent(void *user);
static void on_ended(void *user, enum connection_end end, const char *reason);

static const struct connection_events EVENTS = {.data = on_data, .turn = on_turn, .sent = on_sent, .ended = on_ended};

static bool is_switched(const struct client *client) {
  return client->upgrade.len > 0 && client->response.head.response.status == 101;
}

/* What is waited for after something was sent; while our own side is what is waited for, nothing. */
static void client_wait(struct client *client) {
  struct transfer *transfer = &client->transfer;
  if (is_switched(client)) return transfer_wait(transfer, TRANSFER_IDLE);
  if (client->response.begun) return;
  if (client->connection->writes > 0) return transfer_wait(transfer, TRANSFER_SENDING);
  transfer_wait(transfer, client->due ? TRANSFER_CALM : TRANSFER_FIRST_BYTE);
}

static void client_attach(struct client *client, struct connection *connection) {
  client->connection = connection;
  connection_use(connection, &EVENTS, client);
  client->transfer.touched = true;
  client->unsent = connection->tcp.write_queue_size;
  client_wait(client);
}

/* Sends on an idle connection. One that does not take a single byte is dead: the next one is tried. */
static bool client_reuse(struct client *client, const struct slice *pieces, unsigned count) {
  struct connection *connection;
  while ((connection = pool_take(client->transfer.origin))) {
    if (connection_send(connection, pieces, count) == 0) {
      client->transfer.upstream->stats.reuses++;
      client_attach(client, connection);
      return true;
    }
    connection_close(connection);
  }
  return false;
}

/* Whoever waits to send more may. */
static void client_drained(struct client *client) {
  if (!client->full || client->connection->writes > 0) return;
  client->full = false;
  transfer_tell_writable(&client->transfer);
}

static void on_dialed(void *owner, struct connection *connection, const struct error *error) {
  struct client *client = owner;
  struct transfer *transfer = &client->transfer;
  client->dial = NULL;
  if (!connection) {
    transfer_finish(transfer, error);
    return;
  }
  transfer->upstream->stats.connects++;
  int status = connection_send_buffer(connection, &client->request);
  if (status == 0) {
    client_attach(client, connection);
    client_drained(client);
    return;
  }
  struct error reset;
  connection_close(connection);
  error_set(&reset, 502, "upstream_reset", "%s closed the connection before the request was sent: %s",
            transfer->origin->name, uv_strerror(status));
  transfer_finish(transfer, &reset);
}

static void client_dial(struct client *client, const struct slice *pieces, unsigned count) {
  for (unsigned i = 0; i < count; i++) buffer_append_slice(&client->request, pieces[i]);
  client->dial = dial_start(client->transfer.origin, client->transfer.timeouts.connect, on_dialed, client);
}

/* Head and body as one list; a body of very many pieces is joined first. */
static unsigned pieces_list(const struct transfer_request *request, struct slice head, struct slice *pieces,
                            struct buffer *joined) {
  pieces[0] = head;
  if (request->body_count <= BODY_PIECES) {
    for (unsigned i = 0; i < request->body_count; i++) pieces[i + 1] = request->body[i];
    return request->body_count + 1;
  }
  buffer_reserve(joined, request_body_length(request));
  for (unsigned i = 0; i < request->body_count; i++) buffer_append_slice(joined, request->body[i]);
  pieces[1] = buffer_slice(joined);
  return 2;
}

/* Feeds the response. False when the call is over: the client may be gone. */
static bool client_feed(struct client *client, struct slice input) {
  struct transfer *transfer = &client->transfer;
  struct response_parser *parser = &transfer->upstream->parser;
  while (!transfer->paused || client->response.state == RESPONSE_AT_HEAD) {
    struct slice data;
    struct error error;
    switch (response_next(&client->response, parser, &input, &data, &error)) {
      case RESPONSE_MORE:
        return true;
      case RESPONSE_HEAD:
        client->extra |= client->due || client->connection->writes > 0; /* nobody may read the rest of the request */
        if (!transfer_tell_head(transfer, &client->response.head.response)) return false;
        break;
      case RESPONSE_DATA:
        if (!transfer_tell_body(transfer, data)) return false;
        break;
      case RESPONSE_END:
        client->extra |= input.len > 0;
        return true;
      default:
        transfer_finish(transfer, &error);
        return false;
    }
  }
  buffer_append_slice(&client->held, input);
  transfer_wait(transfer, TRANSFER_CALM);
  connection_pause(client->connection);
  return true;
}

/* The response is whole and everything of this turn was looked at. */
static void client_complete(struct client *client) {
  struct connection *connection = client->connection;
  client->connection = NULL;
  if (client->response.head.keep_alive && !client->extra && !client->due && connection_quiet(connection)) {
    pool_put(connection);
  } else {
    connection_close(connection);
  }
  transfer_finish(&client->transfer, NULL);
}

static void on_data(void *user, struct slice bytes) {
  struct client *client = user;
  if (!client->transfer.paused) transfer_wait(&client->transfer, TRANSFER_IDLE);
  client_feed(client, bytes);
}

static void on_turn(void *user) {
  struct client *client = user;
  bool wakes = client->connection->paused; /* paused, or resumed and about to be woken: completes then */
  if (client->response.state == RESPONSE_AT_END && !wakes) client_complete(client);
}

static void on_sent(void *user) {
  struct client *client = user;
  client_wait(client);
  client_drained(client);
}

static void on_ended(void *user, enum connection_end end, const char *reason) {
  struct client *client = user;
  struct error error;
  const struct connection *connection = client->connection;
  client->transfer.unsent = client->due || connection->writes > 0 || connection->write_failed;
  client->connection = NULL;
  int status = response_close(&client->response, end == CONNECTION_FINISHED, &error);
  if (status < 0 && end == CONNECTION_TLS_FAILED) {
    error_set(&error, 502, "upstream_tls", "TLS with %s broke: %s", client->transfer.origin->name, reason);
  }
  transfer_finish(&client->transfer, status < 0 ? &error : NULL);
}

static void client_pause(struct transfer *transfer) {
  struct client *client = (struct client *)transfer;
  if (client->response.state == RESPONSE_AT_HEAD) return; /* takes effect with the body's first byte */
  transfer_wait(transfer, TRANSFER_CALM);
  if (client->connection) connection_pause(client->connection);
}

static void client_resume(struct transfer *transfer) {
  struct client *client = (struct client *)transfer;
  if (client->response.state == RESPONSE_AT_HEAD) return;
  transfer_wait(transfer, TRANSFER_IDLE);
  loop_defer(transfer->upstream->loop, &client->wake);
}

/* The first turn after a resume: what was held back, then the connection goes on. */
static void on_wake(struct loop_job *job) {
  struct client *client = LIST_OWNER(job, struct client, wake);
  if (client->transfer.paused) return;
  struct buffer held = client->held;
  client->held = (struct buffer){0};
  bool alive = client_feed(client, buffer_slice(&held));
  buffer_free(&held);
  if (alive && !client->transfer.paused) connection_resume(client->connection);
}

static bool client_stalled(struct transfer *transfer) {
  struct client *client = (struct client *)transfer;
  size_t before = client->unsent;
  client->unsent = client->connection->tcp.write_queue_size;
  return client->unsent >= before;
}

static void client_stop(struct transfer *transfer) {
  struct client *client = (struct client *)transfer;
  loop_job_cancel(&client->wake);
  if (client->dial) dial_cancel(client->dial);
  if (client->connection) connection_close(client->connection);
  client->dial = NULL;
  client->connection = NULL;
  buffer_free(&client->request);
  buffer_free(&client->held);
}

static void client_free(struct transfer *transfer) {
  struct client *client = (struct client *)transfer;
  response_free(&client->response);
  free(client);
}

/* ---- a body that comes in pieces ---- */

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

static unsigned framed(const struct client *client, struct slice bytes, bool last, char line[CHUNK_LINE],
                       struct slice *pieces) {
  unsigned count = 0;
  if (client->chunking && bytes.len > 0) pieces[count++] = chunk_line(bytes.len, line);
  if (bytes.len > 0) pieces[count++] = bytes;
  if (client->chunking && bytes.len > 0) pieces[count++] = SLICE_LITERAL("\r\n");
  if (client->chunking && last) pieces[count++] = SLICE_LITERAL("0\r\n\r\n");
  return count;
}

/* A connection that takes nothing more may still have an answer for us: its reading side tells. */
static void pieces_send(struct client *client, const struct slice *pieces, unsigned count) {
  struct connection *connection = client->connection;
  if (!connection) {
    for (unsigned i = 0; i < count; i++) buffer_append_slice(&client->request, pieces[i]);
  } else if (!connection->write_failed && connection_send(connection, pieces, count) < 0) {
    connection->write_failed = true;
  }
}

static bool client_send(struct transfer *transfer, struct slice bytes, bool last) {
  struct client *client = (struct client *)transfer;
  char line[CHUNK_LINE];
  struct slice pieces[4];
  if (last) client->due = false;
  unsigned count = framed(client, bytes, last, line, pieces);
  if (count > 0) pieces_send(client, pieces, count);
  if (client->connection) client_wait(client);
  size_t queued = client->connection ? client->connection->tcp.write_queue_size : client->request.len;
  client->full = queued > client->queue_high;
  return !client->full;
}

static const struct transfer_lane LANE = {.pause = client_pause,
                                          .resume = client_resume,
                                          .stalled = client_stalled,
                                          .stop = client_stop,
                                          .free = client_free,
                                          .send = client_send};

static void streaming_set(struct client *client, const struct transfer_request *request) {
  size_t len = request->upgrade.len < sizeof client->protocol ? request->upgrade.len : sizeof client->protocol;
  if (len > 0) memcpy(client->protocol, request->upgrade.ptr, len);
  client->upgrade = client->response.to = slice_make(client->protocol, len);
  client->due = request->body_streams;
  client->chunking = request->body_streams && !request->length_known;
  client->queue_high = request->queue_high ? request->queue_high : QUEUE_HIGH;
}

struct transfer *client_start(const struct transfer_setup *setup) {
  const struct transfer_request *request = setup->request;
  struct client *client = calloc(1, sizeof *client);
  REQUIRE(client != NULL);
  transfer_init(&client->transfer, &LANE, setup);
  loop_job_init(&client->wake, on_wake);
  bool to_head = slice_equal(request->method, SLICE_LITERAL("HEAD"));
  response_init(&client->response, request->origin->name, to_head, request->body_limit);
  struct buffer *head = &setup->upstream->head;
  struct buffer joined = {0};
  struct slice pieces[BODY_PIECES + 1];
  buffer_clear(head);
  request_write(request, slice_text(request->origin->authority), head);
  streaming_set(client, request);
  unsigned count = pieces_list(request, buffer_slice(head), pieces, &joined);
  bool apart = client->chunking; /* the pieces need a frame of their own */
  if (!client_reuse(client, pieces, apart ? 1 : count)) client_dial(client, pieces, apart ? 1 : count);
  for (unsigned i = 1; apart && i < count; i++) client_send(&client->transfer, pieces[i], false);
  buffer_free(&joined);
  return &client->transfer;
}
