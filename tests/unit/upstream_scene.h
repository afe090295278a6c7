// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream_server.h"
/* after the one that cmocka's four come with */
#include <poll.h>

/* A TLS server behind a CONNECT proxy, both of our own and on this machine. */

static struct certificate authority, leaf;
static char *ca_path;

static inline int setup(void **state) {
  (void)state;
  authority = certificate_make(NULL, NULL);
  leaf = certificate_make(&authority, "DNS:api.test");
  ca_path = certificate_write(&authority);
  return 0;
}

static inline int teardown(void **state) {
  (void)state;
  certificate_remove(ca_path);
  certificate_free(&authority);
  certificate_free(&leaf);
  return 0;
}

static inline bool relay_bytes(int from, int to, ssize_t *len) {
  char bytes[65536];
  *len = read(from, bytes, sizeof bytes);
  for (ssize_t at = 0, sent; at < *len; at += sent) {
    sent = send(to, bytes + at, (size_t)(*len - at), MSG_NOSIGNAL);
    if (sent <= 0) return false;
  }
  return true;
}

/* Whoever takes no more may still have said something. */
static inline void relay(int a, int b) {
  struct pollfd ends[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
  while (poll(ends, 2, -1) > 0) {
    for (int i = 0; i < 2; i++) {
      ssize_t len = 1;
      if (ends[i].fd < 0 || !ends[i].revents) continue;
      if (!relay_bytes(ends[i].fd, i == 0 ? b : a, &len)) ends[i].fd = -1;
      if (len <= 0) return;
    }
  }
}

static char proxy_heard[1024]; /* the latest request to the proxy; written before its answer is sent */

/* CONNECT anything:port reaches that port of this machine. */
static inline bool tunnel(struct server_call *call) {
  unsigned port = 0;
  snprintf(proxy_heard, sizeof proxy_heard, "%.*s", (int)call->len, call->in.data);
  if (call->server->reply || sscanf(proxy_heard, "CONNECT %*[^:]:%u", &port) != 1) return server_reply(call);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address.sin_port = htons((uint16_t)port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
    server_say_text(call, "HTTP/1.1 200 Connection established\r\n\r\n");
    relay(call->fd, fd);
  }
  close(fd);
  return false;
}

struct scene {
  struct stage stage;
  struct server server, proxy;
  SSL_CTX *tls;
};

static inline void scene_open(struct scene *scene, const char *reply) {
  char url[64], proxy[64];
  scene->tls = certificate_server(&leaf);
  server_open(&scene->server, scene->tls, reply);
  server_open(&scene->proxy, NULL, NULL);
  scene->proxy.answer = tunnel;
  struct upstream_options options = STAGE_OPTIONS;
  snprintf(proxy, sizeof proxy, "http://user:pass@127.0.0.1:%u", scene->proxy.port);
  options.ca_file = ca_path;
  options.https_proxy = options.http_proxy = proxy;
  options.no_proxy = "127.0.0.1";
  stage_open_with(&scene->stage, &options);
  snprintf(url, sizeof url, "https://api.test:%u", scene->server.port);
  scene->stage.origin = stage_origin(&scene->stage, url);
}

static inline void scene_close(struct scene *scene) {
  stage_close(&scene->stage);
  server_close(&scene->server);
  server_close(&scene->proxy);
  SSL_CTX_free(scene->tls);
}
