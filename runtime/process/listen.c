// SPDX-License-Identifier: Apache-2.0
#include "process/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, NAME_SIZE = 256 };

struct endpoint {
  struct sockaddr_storage address;
  socklen_t len;
};

/* Without the brackets of "[::1]". */
static const char *host_bare(const char *host, char out[NAME_SIZE]) {
  if (strcmp(host, "localhost") == 0) return "127.0.0.1";
  size_t len = strlen(host);
  if (len < 2 || len >= NAME_SIZE || host[0] != '[' || host[len - 1] != ']') return host;
  memcpy(out, host + 1, len - 2);
  out[len - 2] = 0;
  return out;
}

static int endpoint_find(struct endpoint *endpoint, const char *host, unsigned port, struct error *error) {
  char bare[NAME_SIZE], service[16];
  if (port > 65535) return error_set(error, 0, "invalid_port", "PORT is 0 to 65535, not %u", port);
  snprintf(service, sizeof service, "%u", port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
  int status = getaddrinfo(host_bare(host, bare), service, &hints, &found);
  if (status != 0) {
    return error_set(error, 0, "unknown_host",
                     "HOST \"%s\" is unknown (%s); set it to an address of this machine, 127.0.0.1 or 0.0.0.0", host,
                     gai_strerror(status));
  }
  memcpy(&endpoint->address, found->ai_addr, found->ai_addrlen);
  endpoint->len = found->ai_addrlen;
  freeaddrinfo(found);
  return 0;
}

static unsigned endpoint_port(const struct endpoint *endpoint) {
  if (endpoint->address.ss_family == AF_INET6) {
    return ntohs(((const struct sockaddr_in6 *)(const void *)&endpoint->address)->sin6_port);
  }
  return ntohs(((const struct sockaddr_in *)(const void *)&endpoint->address)->sin_port);
}

static void endpoint_name(const struct endpoint *endpoint, char out[LISTEN_ADDRESS_SIZE]) {
  char host[INET6_ADDRSTRLEN] = "?";
  bool six = endpoint->address.ss_family == AF_INET6;
  getnameinfo((const struct sockaddr *)&endpoint->address, endpoint->len, host, sizeof host, NULL, 0, NI_NUMERICHOST);
  snprintf(out, LISTEN_ADDRESS_SIZE, six ? "[%s]:%u" : "%s:%u", host, endpoint_port(endpoint));
}

static int bind_failed(const struct endpoint *endpoint, int number, struct error *error) {
  char name[LISTEN_ADDRESS_SIZE];
  endpoint_name(endpoint, name);
  switch (number) {
    case EADDRINUSE:
      return error_set(error, 0, "port_in_use", "another program listens on %s; stop it or set PORT", name);
    case EACCES:
      return error_set(error, 0, "port_privileged",
                       "%s needs a privilege: set PORT to 1024 or more, or give the program CAP_NET_BIND_SERVICE",
                       name);
    case EADDRNOTAVAIL:
      return error_set(error, 0, "address_unavailable",
                       "%s is no address of this machine; set HOST to one that is, 127.0.0.1 or 0.0.0.0", name);
    default:
      return error_set(error, 0, "listen_failed", "cannot listen on %s: %s", name, strerror(number));
  }
}

static int option_set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value);
}

/* A listening socket, or -1 and errno. A shared one may join others of this user on the same address. */
static int socket_listen(const struct endpoint *endpoint, bool shared) {
  int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  bool six = endpoint->address.ss_family == AF_INET6;
  bool ready = option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
               (!six || option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) == 0) &&
               (!shared || option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0) &&
               bind(fd, (const struct sockaddr *)&endpoint->address, endpoint->len) == 0 && listen(fd, BACKLOG) == 0;
  if (ready) return fd;
  int number = errno;
  close(fd);
  errno = number;
  return -1;
}

/* The first socket takes the address for itself alone, which fails when anybody has it, and then opens it to the other
 * workers' sockets: there is no moment in which a second program could slip in. */
static int address_claim(struct listeners *listeners, struct endpoint *endpoint) {
  int fd = socket_listen(endpoint, false);
  if (fd < 0) return -1;
  listeners->fds[listeners->count++] = fd;
  endpoint->len = sizeof endpoint->address;
  if (getsockname(fd, (struct sockaddr *)&endpoint->address, &endpoint->len) < 0) return -1;
  return option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

static int sockets_open(struct listeners *listeners, struct endpoint *endpoint, unsigned count) {
  if (address_claim(listeners, endpoint) < 0) return -1;
  while (listeners->count < count) {
    int fd = socket_listen(endpoint, true);
    if (fd < 0) return -1;
    listeners->fds[listeners->count++] = fd;
  }
  return 0;
}

int listen_open(struct listeners *listeners, const char *host, unsigned port, unsigned count, struct error *error) {
  struct endpoint endpoint = {0};
  listeners->count = 0;
  if (endpoint_find(&endpoint, host, port, error) < 0) return -1;
  if (sockets_open(listeners, &endpoint, count) < 0) {
    int number = errno;
    listen_close(listeners);
    return bind_failed(&endpoint, number, error);
  }
  endpoint_name(&endpoint, listeners->address);
  return 0;
}

void listen_close(struct listeners *listeners) {
  while (listeners->count > 0) close(listeners->fds[--listeners->count]);
}
