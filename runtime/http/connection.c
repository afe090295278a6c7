// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <stdlib.h>

#include "base/check.h"
#include "http/deadline.h"
#include "http/output.h"
#include "http/steps.h"

static void on_job(struct loop_job *job);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

struct connection *http_connection_new(struct http_server *server) {
  struct connection *connection = slab_take(&server->slab);
  REQUIRE(uv_tcp_init(&server->loop->uv, &connection->tcp) == 0);
  connection->tcp.data = connection;
  connection->server = server;
  connection->state = CONNECTION_WAIT;
  timer_init(&connection->timer, http_deadline_fire);
  loop_job_init(&connection->job, on_job);
  list_push_back(&server->connections, &connection->node);
  server->connection_count++;
  server->handles++;
  return connection;
}

void http_connection_enter(struct connection *connection, enum connection_state state) {
  connection->state = (unsigned char)state;
  http_deadline_set(connection);
}

void http_connection_start(struct connection *connection) {
  connection->reading = uv_read_start((uv_stream_t *)&connection->tcp, loop_read_alloc, on_read) == 0;
  if (!connection->reading) return http_connection_close(connection);
  connection->since = uv_hrtime(); /* should the first byte never come */
  http_deadline_set(connection);
}

static void on_closed(uv_handle_t *handle) {
  struct connection *connection = handle->data;
  struct http_server *server = connection->server;
  http_output_free(connection->output);
  buffer_free(&connection->input);
  slab_give(&server->slab, connection);
  http_server_handle_closed(server);
}

void http_connection_close(struct connection *connection) {
  if (connection->state == CONNECTION_CLOSED) return;
  connection->state = CONNECTION_CLOSED;
  timer_stop(&connection->timer);
  loop_job_cancel(&connection->job);
  list_remove(&connection->node);
  connection->server->connection_count--;
  http_peers_release(&connection->server->peers, connection->address);
  uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

void http_connection_lose(struct connection *connection) {
  if (connection->lost || connection->state == CONNECTION_CLOSED) return;
  connection->lost = true;
  struct exchange *exchange = connection->exchange;
  if (exchange && !exchange->finished) exchange->gone = true;
  if (!connection->busy) loop_defer(connection->server->loop, &connection->job);
}

/* Stops reading while too many bytes wait behind the present answer, and goes on when they have been used. */
static void reading_set(struct connection *connection, size_t unread) {
  bool waits = connection->state == CONNECTION_ANSWER || connection->state == CONNECTION_FLUSH ||
               connection->state == CONNECTION_UPLOAD;
  bool wanted = !connection->eof && !(waits && unread >= CONNECTION_INPUT_MAX);
  if (wanted == connection->reading) return;
  if (wanted) {
    wanted = uv_read_start((uv_stream_t *)&connection->tcp, loop_read_alloc, on_read) == 0;
  } else {
    uv_read_stop((uv_stream_t *)&connection->tcp);
  }
  connection->reading = wanted;
}

/* Steps over `bytes`, all that is unread. `fresh`: they are in the loop's read buffer, so what is left is copied. */
static void connection_run(struct connection *connection, struct slice bytes, bool fresh) {
  REQUIRE(!connection->busy);
  connection->busy = true;
  while (http_step(connection, &bytes)) continue;
  connection->busy = false;
  if (connection->state == CONNECTION_CLOSED) return;
  if (fresh) {
    buffer_append_slice(&connection->input, bytes);
  } else if (bytes.len > 0) {
    connection->input_used = (uint32_t)(bytes.ptr - connection->input.data);
  } else {
    buffer_free(&connection->input);
    connection->input_used = 0;
  }
  reading_set(connection, bytes.len);
}

void http_connection_run(struct connection *connection) {
  struct slice unread = slice_from(buffer_slice(&connection->input), connection->input_used);
  connection_run(connection, unread, false);
}

static void on_job(struct loop_job *job) {
  http_connection_run(LIST_OWNER(job, struct connection, job));
}

static void on_end(struct connection *connection, ssize_t reason) {
  connection->reading = false;
  connection->eof = true;
  if (reason != UV_EOF) http_connection_lose(connection);
  http_connection_run(connection);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf) {
  struct connection *connection = stream->data;
  if (count == 0) return;
  if (count < 0) return on_end(connection, count);
  struct slice bytes = slice_make(buf->base, (size_t)count);
  if (connection->input.len == 0) return connection_run(connection, bytes, true);
  buffer_consume(&connection->input, connection->input_used);
  connection->input_used = 0;
  buffer_append_slice(&connection->input, bytes);
  http_connection_run(connection);
}

void http_connection_drained(struct connection *connection) {
  struct exchange *exchange = connection->exchange;
  const struct http_server *server = connection->server;
  bool resume = exchange && exchange->full && !exchange->finished && !connection->lost &&
                http_output_queued(connection) <= server->options.limits.queue_low;
  if (resume) {
    exchange->full = false;
    connection->busy = true;
    if (server->options.handler.writable) server->options.handler.writable(server->options.user, exchange);
    connection->busy = false;
  }
  http_connection_run(connection);
}
