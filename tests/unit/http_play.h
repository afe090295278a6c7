// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants those four first */
#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "http/server.h"

/* A play: a server with a small handler and its clients, on one loop in one thread. Clients are plain sockets; every
 * wait turns the loop. What the handler does follows from the request's path. */

struct play {
  struct loop loop;
  struct http_server *server;
  int listener;
  unsigned short port;
  struct http_server_options options;
  struct exchange *held; /* of /hold and /stream, for the test to answer */
  unsigned heads, requests, gones, writables, ends;
  int last_status; /* of the latest `end` */
  const char *last_code;
  uint64_t last_sent;
  bool last_gone;
  bool keep_gone;      /* what the client leaves goes on */
  struct buffer paths; /* of all ended exchanges, one a line */
  struct buffer body;  /* of /upload, as far as it came */
  unsigned pieces;     /* in which it came */
  bool body_whole;     /* and its end */
  bool pause_each;     /* paused after each piece, and not resumed by itself */
  size_t largest_piece;
  void (*on_writable)(struct play *play, struct exchange *exchange);
  void *script; /* for on_writable */
};

enum { PLAY_PATIENCE_MS = 10000 };

static inline bool play_path_is(const struct exchange *exchange, const char *path) {
  return slice_equal(exchange_request(exchange)->path, slice_text(path));
}

static inline void play_respond(struct exchange *exchange, int status, struct slice body) {
  struct http_field type = {SLICE_LITERAL("Content-Type"), SLICE_LITERAL("text/plain")};
  exchange_respond(exchange, status, &type, 1, SLICE_LITERAL("X-Request-ID: 7\r\n"), &body, 1);
}

static inline int play_on_head(void *user, struct exchange *exchange) {
  struct play *play = user;
  play->heads++;
  assert_int_equal(exchange_request(exchange)->body.len, 0);
  if (play_path_is(exchange, "/upload") || play_path_is(exchange, "/upgrade")) return HTTP_STREAM;
  if (!play_path_is(exchange, "/refuse")) return HTTP_COLLECT;
  play_respond(exchange, 401, SLICE_LITERAL("no"));
  return HTTP_ANSWERED;
}

static inline void play_on_body(void *user, struct exchange *exchange, struct slice bytes, bool last) {
  struct play *play = user;
  assert_false(play->body_whole);
  buffer_append_slice(&play->body, bytes);
  if (bytes.len > play->largest_piece) play->largest_piece = bytes.len;
  play->pieces++;
  play->body_whole = last;
  assert_true(exchange_body_over(exchange) == last);
  if (play->pause_each) exchange_body_pause(exchange);
}

static inline void play_on_request(void *user, struct exchange *exchange) {
  struct play *play = user;
  const struct http_request *request = exchange_request(exchange);
  play->requests++;
  if (play_path_is(exchange, "/hold") || play_path_is(exchange, "/upload") || play_path_is(exchange, "/upgrade")) {
    play->held = exchange;
  } else if (play_path_is(exchange, "/stream")) {
    play->held = exchange;
    exchange_stream_begin(exchange, 200, NULL, 0, (struct slice){0});
  } else if (play_path_is(exchange, "/204") || play_path_is(exchange, "/304")) {
    play_respond(exchange, play_path_is(exchange, "/204") ? 204 : 304, SLICE_LITERAL("never seen"));
  } else if (play_path_is(exchange, "/echo")) {
    play_respond(exchange, 200, request->body);
  } else {
    play_respond(exchange, 200, request->path);
  }
}

static inline int play_on_gone(void *user, struct exchange *exchange) {
  struct play *play = user;
  play->gones++;
  assert_true(exchange_client_gone(exchange));
  if (play->keep_gone) return HTTP_GO_ON;
  if (play->held == exchange) play->held = NULL;
  return HTTP_LET_GO;
}

static inline void play_on_writable(void *user, struct exchange *exchange) {
  struct play *play = user;
  play->writables++;
  if (play->on_writable) play->on_writable(play, exchange);
}

static inline void play_on_end(void *user, struct exchange *exchange) {
  struct play *play = user;
  play->ends++;
  play->last_status = exchange_status(exchange);
  play->last_code = exchange_error_code(exchange);
  play->last_sent = exchange_bytes_sent(exchange);
  play->last_gone = exchange_client_gone(exchange);
  buffer_append_slice(&play->paths, exchange_request(exchange)->path);
  buffer_append(&play->paths, "\n", 1);
  assert_true(exchange_started(exchange) > 0);
  assert_true(slice_equal(exchange_remote(exchange), SLICE_LITERAL("127.0.0.1")));
  if (play->held == exchange) play->held = NULL;
}

static inline struct slice play_refusal_fields(void *user, struct exchange *exchange) {
  (void)user;
  return arena_copy(exchange_arena(exchange), SLICE_LITERAL("X-Request-ID: refused\r\n"));
}

static inline int play_listen(unsigned short *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(fd, 4096), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

/* Options may be changed between these two. */
static inline void play_prepare(struct play *play) {
  *play = (struct play){0};
  play->options.limits = http_limits_default;
  play->options.timeouts = http_timeouts_default;
  play->options.handler = (struct http_handler){.head = play_on_head,
                                                .request = play_on_request,
                                                .gone = play_on_gone,
                                                .writable = play_on_writable,
                                                .end = play_on_end,
                                                .refusal_fields = play_refusal_fields,
                                                .body = play_on_body};
  play->options.user = play;
}

static inline void play_open(struct play *play) {
  struct error error;
  assert_int_equal(loop_open(&play->loop), 0);
  play->listener = play_listen(&play->port);
  play->server = http_server_open(&play->loop, &play->options);
  assert_int_equal(http_server_listen(play->server, play->listener, &error), 0);
}

static inline void play_start(struct play *play) {
  play_prepare(play);
  play_open(play);
}

static inline void play_turn(struct play *play) {
  uv_run(&play->loop.uv, UV_RUN_NOWAIT);
}

/* Turns the loop for a while in which nothing need happen. */
static inline void play_wait(struct play *play, unsigned ms) {
  uint64_t end = uv_hrtime() + ms * 1000000ULL;
  do {
    play_turn(play);
    poll(NULL, 0, 1);
  } while (uv_hrtime() < end);
}

#define PLAY_UNTIL(play, condition)                                              \
  do {                                                                           \
    uint64_t play_end = uv_hrtime() + PLAY_PATIENCE_MS * 1000000ULL;             \
    while (!(condition)) {                                                       \
      if (uv_hrtime() > play_end) fail_msg("waited in vain for %s", #condition); \
      play_turn(play);                                                           \
    }                                                                            \
  } while (0)

/* Closes everything; nothing may be left of it. */
static inline void play_stop(struct play *play) {
  http_server_close(play->server);
  assert_int_equal(loop_close(&play->loop), 0);
  close(play->listener);
  buffer_free(&play->paths);
  buffer_free(&play->body);
}

struct client {
  struct play *play;
  int fd;
  bool eof, reset;
  struct buffer received;
};

static inline struct client client_open_sized(struct play *play, int receive_buffer) {
  struct client client = {.play = play, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(play->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (receive_buffer) setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof address), 0);
  return client;
}

static inline struct client client_open(struct play *play) {
  return client_open_sized(play, 0);
}

static inline void client_close(struct client *client) {
  if (client->fd >= 0) close(client->fd);
  client->fd = -1;
  buffer_free(&client->received);
}

/* Closes so that the server gets a reset. */
static inline void client_reset(struct client *client) {
  struct linger linger = {1, 0};
  setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  client_close(client);
}

static inline void client_send(struct client *client, struct slice bytes) {
  uint64_t end = uv_hrtime() + PLAY_PATIENCE_MS * 1000000ULL;
  while (bytes.len > 0) {
    ssize_t sent = send(client->fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return; /* the server has closed: what it said is what counts */
    if (sent > 0) bytes = slice_from(bytes, (size_t)sent);
    play_turn(client->play);
    if (uv_hrtime() > end) fail_msg("the server does not read");
  }
}

#define CLIENT_SAY(client, text) client_send(client, SLICE_LITERAL(text))

/* Takes what is there. False at the end of the connection. */
static inline bool client_receive(struct client *client) {
  char bytes[16384];
  ssize_t count = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count > 0) buffer_append(&client->received, bytes, (size_t)count);
  if (count == 0) client->eof = true;
  if (count < 0 && errno != EAGAIN) client->eof = client->reset = true;
  return !client->eof;
}

struct answer {
  int status;
  struct slice head; /* its final CRLFCRLF included */
  struct slice body; /* as framed on the wire */
  size_t length;     /* of all of it */
};

static inline bool answer_has(const struct answer *answer, const char *text) {
  return memmem(answer->head.ptr, answer->head.len, text, strlen(text)) != NULL;
}

static inline size_t answer_body_length(const struct answer *answer, struct slice rest) {
  static const char length[] = "Content-Length: ", last[] = "0\r\n\r\n";
  const char *at = memmem(answer->head.ptr, answer->head.len, length, sizeof length - 1);
  if (at) return strtoul(at + sizeof length - 1, NULL, 10);
  if (!answer_has(answer, "Transfer-Encoding: chunked")) return 0;
  const char *end = rest.len ? memmem(rest.ptr, rest.len, last, sizeof last - 1) : NULL;
  return end ? (size_t)(end - rest.ptr) + sizeof last - 1 : SIZE_MAX;
}

/* The answer `bytes` begin with, when it is complete. */
static inline bool answer_parse(struct slice bytes, bool head_only, struct answer *answer) {
  const char *end = bytes.len ? memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4) : NULL;
  if (!end) return false;
  answer->head = slice_make(bytes.ptr, (size_t)(end - bytes.ptr) + 4);
  assert_true(slice_starts(bytes, SLICE_LITERAL("HTTP/1.1 ")));
  answer->status = (int)strtol(bytes.ptr + 9, NULL, 10);
  struct slice rest = slice_from(bytes, answer->head.len);
  bool bodyless = head_only || answer->status == 204 || answer->status == 304 || answer->status == 100;
  size_t body = bodyless ? 0 : answer_body_length(answer, rest);
  if (body > rest.len) return false;
  answer->body = slice_make(rest.ptr, body);
  answer->length = answer->head.len + body;
  return true;
}

static inline struct answer client_expect_as(struct client *client, bool head_only, int status) {
  struct answer answer = {0};
  uint64_t end = uv_hrtime() + PLAY_PATIENCE_MS * 1000000ULL;
  while (!answer_parse(buffer_slice(&client->received), head_only, &answer)) {
    if (client->eof || uv_hrtime() > end) {
      fail_msg("no answer (wanted %d): %.*s", status, (int)client->received.len, client->received.data);
    }
    play_turn(client->play);
    client_receive(client);
  }
  if (answer.status != status) {
    fail_msg("wanted %d: %.*s", status, (int)client->received.len, client->received.data);
  }
  return answer;
}

/* Waits for one complete answer with this status. It stays in `received` until client_drop. */
static inline struct answer client_expect(struct client *client, int status) {
  return client_expect_as(client, false, status);
}

static inline void client_drop(struct client *client, const struct answer *answer) {
  buffer_consume(&client->received, answer->length);
}

/* One answer with this status and body, and away with it. */
static inline void client_expect_body(struct client *client, int status, struct slice body) {
  struct answer answer = client_expect(client, status);
  assert_int_equal(answer.body.len, body.len);
  assert_true(slice_equal(answer.body, body));
  client_drop(client, &answer);
}

static inline void client_expect_eof(struct client *client) {
  uint64_t end = uv_hrtime() + PLAY_PATIENCE_MS * 1000000ULL;
  while (client_receive(client)) {
    if (uv_hrtime() > end) fail_msg("the connection stays open");
    play_turn(client->play);
  }
}

/* A refusal by the room: its status and code in the one JSON shape, then the end; one `end` event. */
static inline void client_expect_refusal(struct client *client, int status, const char *code) {
  struct answer answer = client_expect(client, status);
  char member[80];
  snprintf(member, sizeof member, "\"param\":null,\"code\":\"%s\"}}", code);
  assert_non_null(memmem(answer.body.ptr, answer.body.len, member, strlen(member)));
  assert_true(slice_starts(answer.body, SLICE_LITERAL("{\"error\":{\"message\":\"")));
  assert_true(answer_has(&answer, "Connection: close\r\n"));
  assert_true(answer_has(&answer, "Content-Type: application/json\r\n"));
  assert_true(answer_has(&answer, "X-Request-ID: refused\r\n"));
  assert_true(answer_has(&answer, "\r\nDate: "));
  client_drop(client, &answer);
  client_expect_eof(client);
  assert_int_equal(client->received.len, 0);
  assert_false(client->reset);
  assert_string_equal(client->play->last_code, code);
  assert_int_equal(client->play->last_status, status);
}
