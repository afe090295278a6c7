// SPDX-License-Identifier: Apache-2.0
#include "http/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "http/connection.h"

enum { BACKLOG = 4096 };

struct listener {
  uv_tcp_t tcp; /* its `data` is this; freed in its close callback */
  struct list node;
  struct http_server *server;
};

static void on_connection(uv_stream_t *stream, int status);
static void on_closed(uv_handle_t *handle);

static int listener_start(struct listener *listener, int fd, struct error *error) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  int status = own < 0 ? -1 : uv_tcp_open(&listener->tcp, own);
  if (status < 0) {
    if (own >= 0) close(own);
    return error_set(error, 0, "listen_failed", "cannot use descriptor %d as a listening socket", fd);
  }
  uv_tcp_nodelay(&listener->tcp, 1); /* accepted sockets inherit it on Linux: one system call less for each */
  status = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
  return status < 0 ? error_set(error, 0, "listen_failed", "cannot listen: %s", uv_strerror(status)) : 0;
}

int http_listener_open(struct http_server *server, int fd, struct error *error) {
  struct listener *listener = calloc(1, sizeof *listener);
  REQUIRE(listener != NULL);
  REQUIRE(uv_tcp_init(&server->loop->uv, &listener->tcp) == 0);
  listener->tcp.data = listener;
  listener->server = server;
  list_push_back(&server->listeners, &listener->node);
  server->handles++;
  int status = listener_start(listener, fd, error);
  if (status < 0) http_listener_close(listener);
  return status;
}

static void address_read(const struct sockaddr_storage *from, unsigned char address[16]) {
  memset(address, 0, 16);
  if (from->ss_family == AF_INET6) {
    memcpy(address, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
  } else if (from->ss_family == AF_INET) {
    address[10] = address[11] = 0xff;
    memcpy(address + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
  }
}

/* Whether limits allow one more; notes its address if so. The connection counts itself already. */
static bool connection_admit(struct http_server *server, struct connection *connection) {
  const struct http_limits *limits = &server->options.limits;
  struct sockaddr_storage from;
  int len = sizeof from;
  unsigned char address[16];
  if (server->connection_count > limits->connections) return false;
  if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&from, &len) < 0) return false; /* gone already */
  address_read(&from, address);
  if (!http_peers_admit(&server->peers, address, limits->per_address)) return false;
  memcpy(connection->address, address, sizeof address);
  return true;
}

static void connection_begin(struct http_server *server, struct connection *connection) {
  if (connection_admit(server, connection)) {
    server->counters.accepted++;
    http_connection_start(connection);
  } else {
    server->counters.turned_away++;
    http_connection_close(connection);
  }
}

static void on_connection(uv_stream_t *stream, int status) {
  struct listener *listener = stream->data;
  if (status < 0) return; /* out of descriptors: libuv has turned the client away */
  struct connection *connection = http_connection_new(listener->server);
  if (uv_accept(stream, (uv_stream_t *)&connection->tcp) < 0) return http_connection_close(connection);
  connection_begin(listener->server, connection);
}

int http_listener_adopt(struct http_server *server, int fd) {
  struct connection *connection = http_connection_new(server);
  if (uv_tcp_open(&connection->tcp, fd) == 0) {
    connection_begin(server, connection);
    return 0;
  }
  close(fd);
  http_connection_close(connection);
  return -1;
}

void http_listener_empty(struct listener *listener) {
  uv_os_fd_t fd;
  if (uv_fileno((uv_handle_t *)&listener->tcp, &fd) < 0) return;
  for (;;) {
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    http_listener_adopt(listener->server, client);
  }
}

static void on_closed(uv_handle_t *handle) {
  struct listener *listener = handle->data;
  struct http_server *server = listener->server;
  free(listener);
  http_server_handle_closed(server);
}

void http_listener_close(struct listener *listener) {
  list_remove(&listener->node);
  uv_close((uv_handle_t *)&listener->tcp, on_closed);
}

struct listener *http_listener_first(struct http_server *server) {
  return list_empty(&server->listeners) ? NULL : LIST_OWNER(server->listeners.next, struct listener, node);
}
