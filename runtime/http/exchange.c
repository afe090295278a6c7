// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/connection.h"

enum { SPARE_MAX = 64 };

struct exchange *http_exchange_open(struct connection *connection) {
  struct http_server *server = connection->server;
  struct exchange *exchange = server->spare;
  if (exchange) {
    server->spare = exchange->next_spare;
    server->spare_count--;
  } else {
    exchange = malloc(sizeof *exchange);
    REQUIRE(exchange != NULL);
  }
  *exchange = (struct exchange){.connection = connection, .started = connection->since};
  connection->exchange = exchange;
  connection->served++;
  return exchange;
}

void http_exchange_close(struct exchange *exchange) {
  struct http_server *server = exchange->connection->server;
  if (server->options.handler.end) server->options.handler.end(server->options.user, exchange);
  exchange->connection->exchange = NULL;
  arena_free(&exchange->arena);
  buffer_free(&exchange->body);
  if (server->spare_count == SPARE_MAX) return free(exchange);
  exchange->next_spare = server->spare;
  server->spare = exchange;
  server->spare_count++;
}

void http_exchange_free_spare(struct http_server *server) {
  while (server->spare) {
    struct exchange *next = server->spare->next_spare;
    free(server->spare);
    server->spare = next;
  }
}

const struct http_request *exchange_request(const struct exchange *exchange) {
  return &exchange->request;
}

struct arena *exchange_arena(struct exchange *exchange) {
  return &exchange->arena;
}

struct slice exchange_remote(struct exchange *exchange) {
  static const unsigned char mapped_v4[12] = {[10] = 0xff, [11] = 0xff};
  const unsigned char *address = exchange->connection->address;
  bool v4 = memcmp(address, mapped_v4, sizeof mapped_v4) == 0;
  char *text = arena_alloc(&exchange->arena, INET6_ADDRSTRLEN);
  return slice_text(
      inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + sizeof mapped_v4 : address, text, INET6_ADDRSTRLEN));
}

void exchange_set_data(struct exchange *exchange, void *data) {
  exchange->data = data;
}

void *exchange_data(const struct exchange *exchange) {
  return exchange->data;
}

bool exchange_answered(const struct exchange *exchange) {
  return exchange->status != 0;
}

int exchange_status(const struct exchange *exchange) {
  return exchange->status;
}

uint64_t exchange_bytes_sent(const struct exchange *exchange) {
  return exchange->bytes_sent;
}

uint64_t exchange_started(const struct exchange *exchange) {
  return exchange->started;
}

bool exchange_client_gone(const struct exchange *exchange) {
  return exchange->gone;
}

void exchange_close_after(struct exchange *exchange) {
  exchange->close_after = true;
}

const char *exchange_error_code(const struct exchange *exchange) {
  return exchange->error_code;
}
