// SPDX-License-Identifier: Apache-2.0
#include "http/detached.h"

#include "base/check.h"
#include "http/connection.h"

static void detached_end(struct connection *stand_in) {
  struct http_server *server = stand_in->server;
  loop_job_cancel(&stand_in->job);
  http_exchange_close(stand_in->exchange);
  list_remove(&stand_in->node);
  server->detached_count--;
  slab_give(&server->slab, stand_in);
}

static void on_answered(struct loop_job *job) {
  detached_end(LIST_OWNER(job, struct connection, job));
}

/* Knows what the connection knew of its client, and owns nothing of what it owned. */
static struct connection *stand_in_make(const struct connection *connection) {
  struct http_server *server = connection->server;
  struct connection *stand_in = slab_take(&server->slab);
  *stand_in = *connection;
  stand_in->tcp = (uv_tcp_t){0};
  stand_in->output = NULL;
  stand_in->input = (struct buffer){0};
  stand_in->input_used = 0;
  stand_in->state = CONNECTION_CLOSED;
  stand_in->lost = true;
  stand_in->busy = stand_in->reading = false;
  timer_init(&stand_in->timer, NULL);
  loop_job_init(&stand_in->job, on_answered);
  list_push_back(&server->detached, &stand_in->node);
  server->detached_count++;
  return stand_in;
}

void http_exchange_detach(struct exchange *exchange) {
  struct connection *connection = exchange->connection;
  const struct http_server_options *options = &connection->server->options;
  REQUIRE(exchange->gone && !exchange->finished && !exchange->unread && !exchange->raw);
  exchange->connection = stand_in_make(connection);
  exchange->detached = true;
  connection->exchange = NULL;
  if (!exchange->full) return;
  exchange->full = false;
  if (options->handler.writable) options->handler.writable(options->user, exchange);
}

void http_detached_each(struct http_server *server, void (*visit)(void *user, struct exchange *exchange)) {
  for (struct list *node = server->detached.next, *next; node != &server->detached; node = next) {
    next = node->next;
    struct exchange *exchange = LIST_OWNER(node, struct connection, node)->exchange;
    if (!exchange->finished) visit(server->options.user, exchange);
  }
}

void http_detached_end_all(struct http_server *server) {
  while (!list_empty(&server->detached)) detached_end(LIST_OWNER(server->detached.next, struct connection, node));
}
