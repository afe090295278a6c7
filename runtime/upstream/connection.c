// SPDX-License-Identifier: Apache-2.0
#include "upstream/connection.h"

#include <stdlib.h>

#include "base/check.h"

enum { KEEP_ALIVE_S = 60, SEND_PIECES = 16, RECORD_SIZE = 16 * 1024 };

struct pending_write {
  uv_write_t req;
  struct buffer bytes; /* owned */
};

static void on_connect(uv_connect_t *req, int status);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void pump(struct connection *connection);

static void on_closed(uv_handle_t *handle) {
  struct connection *connection = handle->data;
  struct upstream *upstream = connection->upstream;
  tls_free(connection->tls);
  slab_give(&upstream->slab, connection);
  upstream->connections--;
  upstream_free_closed(upstream);
}

void connection_close(struct connection *connection) {
  if (connection->closing) return;
  connection->closing = true;
  uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* Closes, then tells: the user may free everything around the connection. */
static void finish(struct connection *connection, enum connection_end end, const char *reason) {
  if (connection->closing) return;
  connection_close(connection);
  connection->events->ended(connection->user, end, reason);
}

struct connection *connection_open(struct origin *origin, const union address *address,
                                   const struct connection_events *events, void *user, int *status) {
  struct loop *loop = origin->upstream->loop;
  struct connection *connection = slab_take(&origin->upstream->slab);
  uv_connect_t *req = malloc(sizeof *req);
  REQUIRE(req != NULL);
  connection->upstream = origin->upstream;
  connection->upstream->connections++;
  uv_tcp_init(&loop->uv, &connection->tcp);
  uv_tcp_nodelay(&connection->tcp, 1);
  uv_tcp_keepalive(&connection->tcp, 1, KEEP_ALIVE_S);
  connection->tcp.data = req->data = connection;
  connection->origin = origin;
  connection->opened_at = loop_now(loop);
  list_init(&connection->node);
  connection_use(connection, events, user);
  *status = uv_tcp_connect(req, &connection->tcp, &address->any, on_connect);
  if (*status == 0) return connection;
  free(req);
  connection_close(connection);
  return NULL;
}

void connection_use(struct connection *connection, const struct connection_events *events, void *user) {
  connection->events = events;
  connection->user = user;
}

static void on_connect(uv_connect_t *req, int status) {
  struct connection *connection = req->data;
  free(req);
  if (connection->closing) return;
  if (status == 0) status = uv_read_start((uv_stream_t *)&connection->tcp, loop_read_alloc, on_read);
  if (status < 0) {
    finish(connection, status == UV_ECONNREFUSED ? CONNECTION_REFUSED : CONNECTION_UNREACHABLE, uv_strerror(status));
    return;
  }
  connection->events->connected(connection->user);
}

static void on_written(uv_write_t *req, int status) {
  struct pending_write *write = LIST_OWNER(req, struct pending_write, req);
  struct connection *connection = req->data;
  buffer_free(&write->bytes);
  free(write);
  connection->writes--;
  if (status < 0) connection->write_failed = true; /* the reading side learns what happened, and may find an answer */
  if (connection->closing || connection->write_failed || connection->writes > 0) return;
  if (connection->events->sent) connection->events->sent(connection->user);
}

/* Takes the memory of `bytes`; the first `from` of them are on the wire already. */
static void write_queue(struct connection *connection, struct buffer *bytes, size_t from) {
  struct pending_write *write = malloc(sizeof *write);
  REQUIRE(write != NULL);
  write->bytes = *bytes;
  write->req.data = connection;
  *bytes = (struct buffer){0};
  REQUIRE(write->bytes.len - from <= UINT32_MAX);
  uv_buf_t buf = uv_buf_init(write->bytes.data + from, (unsigned)(write->bytes.len - from));
  connection->writes++;
  int status = uv_write(&write->req, (uv_stream_t *)&connection->tcp, &buf, 1, on_written);
  if (status == 0) return;
  connection->writes--;
  connection->write_failed = true;
  buffer_free(&write->bytes);
  free(write);
}

static int try_write(struct connection *connection, const uv_buf_t *bufs, unsigned count, size_t *written) {
  int status = uv_try_write((uv_stream_t *)&connection->tcp, bufs, count);
  *written = status > 0 ? (size_t)status : 0;
  return status < 0 && status != UV_EAGAIN ? status : 0;
}

static int send_buffer(struct connection *connection, struct buffer *bytes) {
  size_t written = 0;
  uv_buf_t buf = uv_buf_init(bytes->data, (unsigned)bytes->len);
  int status = bytes->len > 0 ? try_write(connection, &buf, 1, &written) : 0;
  if (status == 0 && written < bytes->len) write_queue(connection, bytes, written);
  buffer_free(bytes);
  return status;
}

static int tls_flush(struct connection *connection) {
  struct buffer wire = {0};
  tls_take_output(connection->tls, &wire);
  return send_buffer(connection, &wire);
}

static int send_secured(struct connection *connection, const struct slice *pieces, unsigned count, size_t total) {
  struct error error;
  enum tls_result result = TLS_OK;
  if (total <= RECORD_SIZE) {
    struct buffer *plain = &connection->origin->upstream->plain;
    buffer_clear(plain);
    for (unsigned i = 0; i < count; i++) buffer_append_slice(plain, pieces[i]);
    result = tls_write(connection->tls, buffer_slice(plain), &error);
  } else {
    for (unsigned i = 0; i < count && result == TLS_OK; i++) result = tls_write(connection->tls, pieces[i], &error);
  }
  return result == TLS_OK ? tls_flush(connection) : UV_EPROTO;
}

static int send_plain(struct connection *connection, const struct slice *pieces, unsigned count, size_t total) {
  uv_buf_t bufs[SEND_PIECES];
  unsigned used = count < SEND_PIECES ? count : SEND_PIECES;
  for (unsigned i = 0; i < used; i++) {
    bufs[i] = uv_buf_init((char *)(uintptr_t)pieces[i].ptr, (unsigned)pieces[i].len);
  }
  size_t written = 0;
  int status = try_write(connection, bufs, used, &written);
  if (status < 0 || written == total) return status;
  struct buffer rest = {0};
  buffer_reserve(&rest, total - written);
  for (unsigned i = 0; i < count; i++) {
    buffer_append_slice(&rest, slice_from(pieces[i], written));
    written -= written < pieces[i].len ? written : pieces[i].len;
  }
  write_queue(connection, &rest, 0);
  return 0;
}

int connection_send(struct connection *connection, const struct slice *pieces, unsigned count) {
  size_t total = 0;
  for (unsigned i = 0; i < count; i++) {
    REQUIRE(pieces[i].len <= UINT32_MAX && !__builtin_add_overflow(total, pieces[i].len, &total));
  }
  if (connection->write_failed) return UV_EPIPE;
  return connection->tls ? send_secured(connection, pieces, count, total)
                         : send_plain(connection, pieces, count, total);
}

int connection_send_buffer(struct connection *connection, struct buffer *bytes) {
  if (!connection->tls) return send_buffer(connection, bytes);
  struct slice piece = buffer_slice(bytes);
  int status = connection_send(connection, &piece, 1);
  buffer_free(bytes);
  return status;
}

int connection_secure(struct connection *connection, struct error *error) {
  const struct origin *origin = connection->origin;
  connection->tls = tls_connect(origin->tls, slice_text(origin->host), error);
  if (!connection->tls) return -1;
  connection->securing = true;
  if (tls_handshake(connection->tls, error) == TLS_FAILED) return -1;
  int status = tls_flush(connection);
  if (status == 0) return 0;
  return error_set(error, 502, "upstream_tls", "TLS with %s failed: %s", origin->name, uv_strerror(status));
}

/* Goes on with the handshake; true once it is complete. */
static bool handshake_advance(struct connection *connection) {
  struct error error;
  enum tls_result result = tls_handshake(connection->tls, &error);
  if (result == TLS_OK) { /* its last flight leaves together with what the user sends now, else at the end of pump */
    connection->securing = false;
    connection->events->secured(connection->user);
    return !connection->closing;
  }
  int status = tls_flush(connection); /* an alert, too */
  if (result == TLS_FAILED || status < 0) {
    finish(connection, CONNECTION_TLS_FAILED, result == TLS_FAILED ? error.message : uv_strerror(status));
  }
  return false;
}

static void data_tell(struct connection *connection, struct slice bytes) {
  connection->events->data(connection->user, bytes);
}

/* Decrypts what was received and tells it, until nothing is left or the user wants a pause. */
static void pump(struct connection *connection) {
  struct loop *loop = connection->tcp.loop->data;
  if (connection->securing && !handshake_advance(connection)) return;
  enum tls_result result = TLS_OK;
  struct error error;
  while (!connection->closing && !connection->paused) {
    size_t len = 0;
    result = tls_read(connection->tls, loop->read_buffer, LOOP_READ_SIZE, &len, &error);
    if (result != TLS_OK) break;
    data_tell(connection, slice_make(loop->read_buffer, len));
  }
  if (connection->closing) return;
  if (tls_flush(connection) < 0) connection->write_failed = true; /* answers of TLS itself, such as key updates */
  if (result == TLS_CLOSED) {
    finish(connection, CONNECTION_FINISHED, "the connection was closed");
  } else if (result == TLS_FAILED) {
    finish(connection, CONNECTION_TLS_FAILED, error.message);
  } else if (connection->events->turn) {
    connection->events->turn(connection->user);
  }
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  struct connection *connection = stream->data;
  if (nread == 0) return;
  if (nread < 0) {
    bool eof = nread == UV_EOF;
    enum connection_end cut = connection->tls ? CONNECTION_CUT : CONNECTION_FINISHED;
    finish(connection, eof ? cut : CONNECTION_RESET, eof ? "the connection was closed" : uv_strerror((int)nread));
    return;
  }
  connection->filled = nread == LOOP_READ_SIZE;
  struct slice bytes = slice_make(buf->base, (size_t)nread);
  if (connection->tls) {
    tls_receive(connection->tls, bytes);
    pump(connection);
    return;
  }
  data_tell(connection, bytes);
  if (!connection->closing && connection->events->turn) connection->events->turn(connection->user);
}

void connection_pause(struct connection *connection) {
  if (connection->paused || connection->closing) return;
  connection->paused = true;
  uv_read_stop((uv_stream_t *)&connection->tcp);
}

void connection_resume(struct connection *connection) {
  if (!connection->paused || connection->closing) return;
  connection->paused = false;
  uv_read_start((uv_stream_t *)&connection->tcp, loop_read_alloc, on_read);
  if (connection->tls) {
    pump(connection);
  } else if (connection->events->turn) {
    connection->events->turn(connection->user);
  }
}

bool connection_quiet(const struct connection *connection) {
  return !connection->filled && !connection->write_failed && connection->writes == 0 && !connection->paused;
}
