// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/check.h"
#include "http/connection.h"
#include "http/deadline.h"
#include "http/detached.h"
#include "http/listener.h"

const struct http_limits http_limits_default = {
    .request_line = 8 * 1024,
    .head = 32 * 1024,
    .fields = {.count = 100, .name = 256, .value = 16 * 1024},
    .query_parameters = 128,
    .body = 32 * 1024 * 1024,
    .requests = 10000,
    .connections = 16384,
    .per_address = 1024,
    .queue_high = 64 * 1024,
    .queue_low = 32 * 1024,
    .queue_cap = 1024 * 1024,
};

const struct http_timeouts http_timeouts_default = {
    .first_byte = 10000,
    .head = 10000,
    .body_idle = 15000,
    .body_total = 300000,
    .body_rate = 1024,
    .body_grace = 10000,
    .keep_alive = 75000,
    .write_stall = 30000,
};

struct http_server *http_server_open(struct loop *loop, const struct http_server_options *options) {
  REQUIRE(options->handler.request != NULL);
  struct http_server *server = calloc(1, sizeof *server);
  REQUIRE(server != NULL);
  server->loop = loop;
  server->options = *options;
  list_init(&server->listeners);
  list_init(&server->connections);
  list_init(&server->detached);
  slab_init(&server->slab, sizeof(struct connection));
  server->parser = http_parser_open();
  server->fields = calloc(options->limits.fields.count + 1UL, sizeof *server->fields);
  REQUIRE(server->fields != NULL);
  return server;
}

/* `fields` is where one head is taken apart: nothing is in it between two heads. */
void http_server_configure(struct http_server *server, const struct http_limits *limits,
                           const struct http_timeouts *timeouts) {
  if (limits->fields.count > server->options.limits.fields.count) {
    server->fields = reallocarray(server->fields, limits->fields.count + 1UL, sizeof *server->fields);
    REQUIRE(server->fields != NULL);
  }
  server->options.limits = *limits;
  server->options.timeouts = *timeouts;
}

void http_server_trust(struct http_server *server, const struct network *networks, unsigned count) {
  free(server->trusted);
  server->trusted = count > 0 ? calloc(count, sizeof *networks) : NULL;
  REQUIRE(count == 0 || server->trusted != NULL);
  if (count > 0) memcpy(server->trusted, networks, count * sizeof *networks);
  server->trusted_count = count;
}

int http_server_listen(struct http_server *server, int fd, struct error *error) {
  return http_listener_open(server, fd, error);
}

int http_server_adopt(struct http_server *server, int fd, struct error *error) {
  if (http_listener_adopt(server, fd) == 0) return 0;
  return error_set(error, 0, "listen_failed", "descriptor %d is no connected socket", fd);
}

/* A request that is in the kernel's buffer already was sent in good faith. */
static bool has_pending_bytes(struct connection *connection) {
  uv_os_fd_t fd;
  char byte;
  return uv_fileno((uv_handle_t *)&connection->tcp, &fd) == 0 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void connection_drain(struct connection *connection) {
  if (connection->state != CONNECTION_WAIT || has_pending_bytes(connection)) return;
  if (connection->served > 0) {
    http_connection_close(connection);
  } else {
    http_deadline_set(connection);
  }
}

void http_server_drain(struct http_server *server) {
  server->draining = true;
  for (struct listener *listener; (listener = http_listener_first(server)) != NULL;) {
    http_listener_empty(listener);
    http_listener_close(listener);
  }
  for (struct list *node = server->connections.next, *next; node != &server->connections; node = next) {
    next = node->next;
    connection_drain(LIST_OWNER(node, struct connection, node));
  }
}

unsigned http_server_connections(const struct http_server *server) {
  return server->connection_count;
}

unsigned http_server_detached(const struct http_server *server) {
  return server->detached_count;
}

const struct http_counters *http_server_counters(const struct http_server *server) {
  return &server->counters;
}

void http_server_each(struct http_server *server, void (*visit)(void *user, struct exchange *exchange)) {
  for (struct list *node = server->connections.next, *next; node != &server->connections; node = next) {
    next = node->next;
    struct exchange *exchange = LIST_OWNER(node, struct connection, node)->exchange;
    if (exchange && !exchange->finished) visit(server->options.user, exchange);
  }
  http_detached_each(server, visit);
}

static void server_free(struct http_server *server) {
  http_parser_close(server->parser);
  http_peers_free(&server->peers);
  http_exchange_free_spare(server);
  buffer_free(&server->scratch);
  slab_free(&server->slab);
  free(server->fields);
  free(server->trusted);
  free(server);
}

void http_server_handle_closed(struct http_server *server) {
  server->handles--;
  if (server->closing && server->handles == 0) server_free(server);
}

void http_server_close(struct http_server *server) {
  if (server->closing) return;
  server->closing = true;
  for (struct listener *listener; (listener = http_listener_first(server)) != NULL;) http_listener_close(listener);
  for (struct list *node = server->connections.next, *next; node != &server->connections; node = next) {
    next = node->next;
    struct connection *connection = LIST_OWNER(node, struct connection, node);
    http_connection_lose(connection);
    if (!connection->busy) http_connection_run(connection);
  }
  http_detached_end_all(server);
  if (server->handles == 0) server_free(server);
}
