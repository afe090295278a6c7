// SPDX-License-Identifier: Apache-2.0
#include "http/output.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/check.h"
#include "http/connection.h"
#include "http/deadline.h"

/* Two buffers: one is with libuv, the other collects what comes meanwhile, so that a slow reader costs one write per
 * round and not one per piece. */
struct http_output {
  uv_write_t write; /* its `data` is the connection */
  struct buffer flying;
  struct buffer waiting;
  size_t left_seen;     /* bytes the client had not acknowledged when it was last looked at */
  uint64_t progress_at; /* loop time of the latest progress */
};

static int output_fly(struct connection *connection);

/* What libuv has not written and what the client has not acknowledged. The latter counts: the kernel takes no more of
 * us until a third of its large buffer is free, so a slow client would pass for a dead one. */
static size_t bytes_left(const struct connection *connection) {
  uv_os_fd_t fd;
  int unacknowledged = 0;
  if (uv_fileno((const uv_handle_t *)&connection->tcp, &fd) == 0) ioctl(fd, SIOCOUTQ, &unacknowledged);
  return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp) + (size_t)unacknowledged;
}

static void on_written(uv_write_t *write, int status) {
  struct connection *connection = write->data;
  struct http_output *output = connection->output;
  if (connection->state == CONNECTION_CLOSED) return;
  buffer_clear(&output->flying);
  if (status < 0 || (output->waiting.len > 0 && output_fly(connection) < 0)) {
    http_connection_lose(connection);
  } else if (output->flying.len == 0) {
    http_output_free(output);
    connection->output = NULL;
  }
  http_connection_drained(connection);
}

/* Hands what waits to libuv. */
static int output_fly(struct connection *connection) {
  struct http_output *output = connection->output;
  struct buffer empty = output->flying;
  output->flying = output->waiting;
  output->waiting = empty;
  uv_buf_t buf = uv_buf_init(output->flying.data, (unsigned)output->flying.len);
  int status = uv_write(&output->write, (uv_stream_t *)&connection->tcp, &buf, 1, on_written);
  output->progress_at = loop_now(connection->server->loop);
  return status;
}

static void output_open(struct connection *connection) {
  struct http_output *output = calloc(1, sizeof *output);
  REQUIRE(output != NULL);
  output->write.data = connection;
  connection->output = output;
}

/* Queues what `sent` bytes of the pieces have left over. */
static void output_append(struct http_output *output, const uv_buf_t *bufs, unsigned count, size_t sent) {
  for (unsigned i = 0; i < count; i++) {
    size_t skip = sent < bufs[i].len ? sent : bufs[i].len;
    sent -= skip;
    buffer_append(&output->waiting, bufs[i].base + skip, bufs[i].len - skip);
  }
}

/* How many bytes the kernel took, -1 when it never will again. */
static ssize_t write_now(struct connection *connection, const uv_buf_t *bufs, unsigned count) {
  int status = uv_try_write((uv_stream_t *)&connection->tcp, bufs, count);
  if (status == UV_EAGAIN) return 0;
  return status < 0 ? -1 : status;
}

int http_output_write(struct connection *connection, const uv_buf_t *bufs, unsigned count) {
  if (connection->lost || connection->state == CONNECTION_CLOSED) return -1;
  size_t total = 0, sent = 0;
  for (unsigned i = 0; i < count; i++) total += bufs[i].len;
  if (!connection->output) {
    ssize_t taken = write_now(connection, bufs, count);
    if (taken < 0) return http_connection_lose(connection), -1;
    sent = (size_t)taken;
    if (sent == total) return 0;
    output_open(connection);
  }
  output_append(connection->output, bufs, count, sent);
  if (connection->output->flying.len > 0) return 0;
  if (output_fly(connection) < 0) return http_connection_lose(connection), -1;
  http_deadline_set(connection);
  return 0;
}

size_t http_output_queued(const struct connection *connection) {
  if (!connection->output) return 0;
  return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp) + connection->output->waiting.len;
}

uint64_t http_output_progress(struct connection *connection) {
  struct http_output *output = connection->output;
  size_t left = bytes_left(connection);
  if (left != output->left_seen) output->progress_at = loop_now(connection->server->loop);
  output->left_seen = left;
  return output->progress_at;
}

void http_output_free(struct http_output *output) {
  if (!output) return;
  buffer_free(&output->flying);
  buffer_free(&output->waiting);
  free(output);
}
