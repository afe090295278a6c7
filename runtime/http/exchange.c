// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/connection.h"
#include "http/forwarded.h"

enum { SPARE_MAX = 64 };

struct exchange *http_exchange_open(struct connection *connection) {
  struct http_server *server = connection->server;
  struct exchange *exchange = server->spare;
  struct arena arena = {0};
  if (exchange) {
    arena = exchange->arena;
    server->spare = exchange->next_spare;
    server->spare_count--;
  } else {
    exchange = malloc(sizeof *exchange);
    REQUIRE(exchange != NULL);
  }
  *exchange = (struct exchange){.connection = connection, .started = connection->since, .arena = arena};
  connection->exchange = exchange;
  connection->served++;
  return exchange;
}

void http_exchange_close(struct exchange *exchange) {
  struct http_server *server = exchange->connection->server;
  if (server->options.handler.end) server->options.handler.end(server->options.user, exchange);
  exchange->connection->exchange = NULL;
  buffer_free(&exchange->body);
  if (server->spare_count == SPARE_MAX) {
    arena_free(&exchange->arena);
    free(exchange);
    return;
  }
  arena_reset(&exchange->arena);
  exchange->next_spare = server->spare;
  server->spare = exchange;
  server->spare_count++;
}

void http_exchange_free_spare(struct http_server *server) {
  while (server->spare) {
    struct exchange *next = server->spare->next_spare;
    arena_free(&server->spare->arena);
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

/* inet_ntop goes through printf; this runs once per request. */
static struct slice ipv4_text(const unsigned char *octets, char *text) {
  size_t len = 0;
  for (int i = 0; i < 4; i++) {
    unsigned value = octets[i];
    if (i > 0) text[len++] = '.';
    if (value >= 100) text[len++] = (char)('0' + value / 100);
    if (value >= 10) text[len++] = (char)('0' + value / 10 % 10);
    text[len++] = (char)('0' + value % 10);
  }
  return slice_make(text, len);
}

const unsigned char *exchange_address(struct exchange *exchange) {
  const struct http_server *server = exchange->connection->server;
  if (exchange->located) return exchange->address;
  memcpy(exchange->address, exchange->connection->address, sizeof exchange->address);
  http_forwarded_client(&(struct http_trust){server->trusted, server->trusted_count}, exchange->request.fields,
                        exchange->request.field_count, exchange->address);
  exchange->located = true;
  return exchange->address;
}

struct slice exchange_remote(struct exchange *exchange) {
  const unsigned char *address = exchange_address(exchange);
  char *text = arena_alloc(&exchange->arena, INET6_ADDRSTRLEN);
  if (network_is_v4(address)) return ipv4_text(address + NETWORK_ADDRESS - 4, text);
  return slice_text(inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN));
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

bool exchange_full(const struct exchange *exchange) {
  return exchange->full;
}

bool exchange_client_gone(const struct exchange *exchange) {
  return exchange->gone;
}

bool exchange_detached(const struct exchange *exchange) {
  return exchange->detached;
}

void exchange_close_after(struct exchange *exchange) {
  exchange->close_after = true;
}

const char *exchange_error_code(const struct exchange *exchange) {
  return exchange->error_code;
}
