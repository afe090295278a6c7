// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "certificate.h"
#include "upstream_peer.h"
/* the header above must come first: cmocka wants its four */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* A blocking server on threads, with TLS when it has a context: for what a peer on the test's own loop cannot do. */

enum { SERVER_THREADS = 512 };

struct server;

struct server_call { /* one connection */
  struct server *server;
  int fd;
  SSL *ssl;          /* null without TLS */
  unsigned requests; /* on this connection */
  struct buffer in;
  size_t len; /* of the request at the front of `in` */
};

struct server {
  int listener;
  unsigned port;
  SSL_CTX *tls;
  bool (*answer)(struct server_call *call); /* false: the connection ends */
  const char *reply;
  atomic_uint accepted, requests, resumed, failed, body_bytes;
  pthread_t acceptor, threads[SERVER_THREADS];
  atomic_int fds[SERVER_THREADS];
  unsigned count;
};

static inline ssize_t server_read(struct server_call *call, char *out, size_t cap) {
  if (!call->ssl) return read(call->fd, out, cap);
  return SSL_read(call->ssl, out, (int)cap);
}

static inline bool server_say(struct server_call *call, struct slice bytes) {
  while (bytes.len > 0) {
    size_t some = bytes.len < 65536 ? bytes.len : 65536;
    ssize_t len =
        call->ssl ? SSL_write(call->ssl, bytes.ptr, (int)some) : send(call->fd, bytes.ptr, some, MSG_NOSIGNAL);
    if (len <= 0) return false;
    bytes = slice_from(bytes, (size_t)len);
  }
  return true;
}

static inline bool server_say_text(struct server_call *call, const char *text) {
  return server_say(call, slice_text(text));
}

static inline bool server_reply(struct server_call *call) {
  return server_say_text(call, call->server->reply);
}

/* Reads until a whole request is at the front. */
static inline bool server_request(struct server_call *call) {
  char bytes[65536];
  buffer_consume(&call->in, call->len);
  call->len = 0;
  for (;;) {
    size_t scanned = 0;
    size_t head = field_head_length(buffer_slice(&call->in), &scanned);
    if (head) {
      const char *length = memmem(call->in.data, head, "Content-Length: ", 16);
      size_t whole = head + (length ? strtoul(length + 16, NULL, 10) : 0);
      if (call->in.len >= whole) {
        call->len = whole;
        call->requests++;
        call->server->requests++;
        call->server->body_bytes += (unsigned)(whole - head);
        return true;
      }
    }
    ssize_t len = server_read(call, bytes, sizeof bytes);
    if (len <= 0) return false;
    buffer_append(&call->in, bytes, (size_t)len);
  }
}

static inline bool server_secure(struct server_call *call) {
  if (!call->server->tls) return true;
  call->ssl = SSL_new(call->server->tls);
  SSL_set_fd(call->ssl, call->fd);
  if (SSL_accept(call->ssl) != 1) {
    call->server->failed++;
    return false;
  }
  if (SSL_session_reused(call->ssl)) call->server->resumed++;
  return true;
}

struct server_start {
  struct server *server;
  unsigned slot;
};

static inline void *server_serve(void *argument) {
  struct server_start *start = argument;
  struct server *server = start->server;
  struct server_call call = {.server = server, .fd = server->fds[start->slot]};
  if (server_secure(&call)) {
    while (server_request(&call) && server->answer(&call)) continue;
  }
  server->fds[start->slot] = -1;
  close(call.fd);
  SSL_free(call.ssl);
  buffer_free(&call.in);
  free(start);
  return NULL;
}

static inline void *server_accept(void *argument) {
  struct server *server = argument;
  int fd;
  while ((fd = accept(server->listener, NULL, NULL)) >= 0 && server->count < SERVER_THREADS) {
    struct server_start *start = malloc(sizeof *start);
    *start = (struct server_start){server, server->count};
    server->accepted++;
    server->fds[server->count] = fd;
    REQUIRE(pthread_create(&server->threads[server->count], NULL, server_serve, start) == 0);
    server->count++;
  }
  if (fd >= 0) close(fd);
  return NULL;
}

static inline void server_open(struct server *server, SSL_CTX *tls, const char *reply) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  memset(server, 0, sizeof *server);
  signal(SIGPIPE, SIG_IGN);
  server->tls = tls;
  server->reply = reply;
  server->answer = server_reply;
  server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(server->listener, (struct sockaddr *)&address, size) == 0 && listen(server->listener, 1024) == 0);
  getsockname(server->listener, (struct sockaddr *)&address, &size);
  server->port = ntohs(address.sin_port);
  REQUIRE(pthread_create(&server->acceptor, NULL, server_accept, server) == 0);
}

static inline void server_close(struct server *server) {
  shutdown(server->listener, SHUT_RDWR);
  pthread_join(server->acceptor, NULL);
  close(server->listener);
  for (unsigned i = 0; i < server->count; i++) {
    int fd = server->fds[i];
    if (fd >= 0) shutdown(fd, SHUT_RDWR);
    pthread_join(server->threads[i], NULL);
  }
}
