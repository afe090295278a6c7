// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <uv.h>

struct connection;

/* What waits to be written to one client. Exists only while the kernel does not take bytes at once. */
struct http_output;

/* Writes now what the socket takes and queues copies of the rest. -1 when the client is away (the connection is then
 * marked lost). */
int http_output_write(struct connection *connection, const uv_buf_t *bufs, unsigned count);

/* Bytes not taken by the kernel yet. */
size_t http_output_queued(const struct connection *connection);

/* Loop time at which the client was last seen to take bytes; looks at it now. Only while something is queued. */
uint64_t http_output_progress(struct connection *connection);

/* After the close callback of the socket. */
void http_output_free(struct http_output *output);
