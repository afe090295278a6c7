// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "codec/field.h"

/* One request of a client and its answer. Owned by its connection; lives from the request's head to the `end` event.
 * One exchange at a time per connection: pipelined requests wait as bytes. One whose client has left may be detached:
 * it goes on without a connection (HTTP_GO_ON). All functions below still hold, but nothing is written anywhere,
 * EXCHANGE_FULL and EXCHANGE_GONE are not said, and `end` follows the answer's end. */
struct exchange;
struct http_server;

struct http_request {  /* slices live in the exchange's arena */
  struct slice method; /* one of the allow-list; HEAD is kept as HEAD */
  struct slice path;   /* before the '?', as sent (valid %HH, no %00 %0a %0d, no fragment) */
  struct slice query;  /* after the '?', maybe empty */
  int minor;           /* HTTP/1.<minor> */
  const struct http_field *fields;
  unsigned field_count;
  struct slice body;    /* whole, chunks joined, when `request` is called; empty in `head` */
  uint64_t body_length; /* announced by Content-Length; 0 for chunked or none */
  bool has_body;
};

/* What the server's user is told. `user` is what http_server_open was given. */
enum http_verdict {
  HTTP_ANSWERED = -1, /* with exchange_respond; the body is then drained if small, or the connection closes */
  HTTP_COLLECT = 0,   /* go on: `request` comes with the whole body (100-continue is sent if asked for) */
  HTTP_STREAM = 1,    /* `request` comes at once, and the body in pieces: see exchange_body_resume */
};

/* What becomes of an exchange whose client has gone. */
enum http_parting {
  HTTP_LET_GO, /* it ends: `end` follows at once */
  HTTP_GO_ON   /* it is detached, and ends when its answer does; its body must be over */
};

struct http_handler {
  /* Head parsed, body not read. Returns an enum http_verdict. A body to be collected that then is malformed, late or
   * too large is this room's to refuse: `end` comes without `request`. */
  int (*head)(void *user, struct exchange *exchange);
  /* The whole request is there, or the beginning of one whose body streams. The handler must answer, now or later. */
  void (*request)(void *user, struct exchange *exchange);
  /* The client went away after `head` and before its answer was complete (FIN counts, also RST, write stall, hard cap
   * of the queue). Returns an enum http_parting: what runs for it is cancelled here, or goes on. Not called once the
   * answer is fully queued and ended. Never called from inside an exchange_ function. */
  int (*gone)(void *user, struct exchange *exchange);
  /* The client's queue fell below the low mark after exchange_stream_write said EXCHANGE_FULL, or went with the client.
   */
  void (*writable)(void *user, struct exchange *exchange);
  /* Last event, exactly once for every exchange: access log, metrics; the exchange's memory goes after it returns.
   * Never called from inside an exchange_ function. */
  void (*end)(void *user, struct exchange *exchange);
  /* Prepared header lines (each with its CRLF) for an answer this room gives itself, since every answer has them:
   * X-Request-ID and the like. Valid until the exchange ends. `head` may or may not have seen the exchange. */
  struct slice (*refusal_fields)(void *user, struct exchange *exchange);
  /* The body of such an answer in other words than this room's, and its status; an empty slice: this room's. Null:
   * never. Valid until the exchange ends. Called behind refusal_fields. */
  struct slice (*refusal_body)(void *user, struct exchange *exchange, const char *code, const char *message,
                               int *status);
  /* The next piece of a body that streams, chunks taken apart; `last`: the body ends with it (it may be empty). Valid
   * inside the call only. A body that turns out malformed or late ends the exchange: answered by this room where there
   * is no answer yet, else cut (`gone`); `last` has not come then. */
  void (*body)(void *user, struct exchange *exchange, struct slice bytes, bool last);
};

const struct http_request *exchange_request(const struct exchange *exchange);
struct arena *exchange_arena(struct exchange *exchange);
/* The client's address, IPv4 mapped into IPv6: the peer's, or what trusted proxies say (see http_server_trust). 16
 * bytes, valid as long as the exchange. */
const unsigned char *exchange_address(struct exchange *exchange);
struct slice exchange_remote(struct exchange *exchange); /* the same as "127.0.0.1", text in the arena */

/* The user's own pointer, null at first. */
void exchange_set_data(struct exchange *exchange, void *data);
void *exchange_data(const struct exchange *exchange);

/* A whole answer: head and body in one write. Content-Length, Date, Connection are written here; caller's fields that
 * name them (or another connection-level field), or that could not be written safely, are left out. `prepared` are
 * lines of our own making, each with its CRLF, written as they are. Body is borrowed until return. HEAD sends the head
 * alone; 204 and 304 carry no body. A status outside 200 to 599 is sent as 500. */
void exchange_respond(struct exchange *exchange, int status, const struct http_field *fields, unsigned field_count,
                      struct slice prepared, const struct slice *body, unsigned body_count);

/* An answer in pieces: chunked on HTTP/1.1, until close on HTTP/1.0. */
void exchange_stream_begin(struct exchange *exchange, int status, const struct http_field *fields, unsigned field_count,
                           struct slice prepared);
enum exchange_write {
  EXCHANGE_OK,
  EXCHANGE_FULL /* above the high mark: pause the source until `writable` */,
  EXCHANGE_GONE /* client is away, or a piece came while the hard cap of its queue was reached */
};
/* Begin's head is sent together with the first piece. Bytes are borrowed until return. */
enum exchange_write exchange_stream_write(struct exchange *exchange, struct slice bytes);
/* The same with a body of `length` bytes, written with Content-Length: exactly so many must follow, or the body is cut.
 */
void exchange_stream_begin_sized(struct exchange *exchange, int status, const struct http_field *fields,
                                 unsigned field_count, struct slice prepared, uint64_t length);
/* Said EXCHANGE_FULL, and `writable` is still to come. */
bool exchange_full(const struct exchange *exchange);
/* `complete` false: the body is cut on purpose; the connection closes after what is queued. */
void exchange_stream_end(struct exchange *exchange, bool complete);

/* ---- bodies that stream (HTTP_STREAM) ---- */

/* Lets pieces of the body come, from the loop's next turn or the end of the present handler on; sends the 100 that the
 * client waits for. A body begins paused. No limit is on its size; the time limits run while it is not paused. */
void exchange_body_resume(struct exchange *exchange);
/* No piece comes until resumed; at most 128 KiB wait here. */
void exchange_body_pause(struct exchange *exchange);
/* Nothing of the body is still to come. */
bool exchange_body_over(const struct exchange *exchange);

/* Answers 101 to a request without body: from here on the connection carries bytes of another protocol. The client's
 * come through `body` (paused at first, no time limit), ours go through exchange_stream_write, unframed; after
 * exchange_stream_end the connection closes. `prepared` holds Upgrade, and not Connection. */
void exchange_upgrade(struct exchange *exchange, struct slice prepared);

bool exchange_answered(const struct exchange *exchange); /* a status is chosen */
int exchange_status(const struct exchange *exchange);
uint64_t exchange_bytes_sent(const struct exchange *exchange); /* body bytes accepted for sending */
uint64_t exchange_started(const struct exchange *exchange);    /* uv_hrtime of the head's first byte */
bool exchange_client_gone(const struct exchange *exchange);
bool exchange_detached(const struct exchange *exchange);

/* Asks for the connection to close after this answer. */
void exchange_close_after(struct exchange *exchange);

/* One error answer written by the http room itself (bad framing, limits, time-outs) reaches the user too: as an
 * exchange whose request may be half empty, through `end` only, with this code set. Null otherwise. */
const char *exchange_error_code(const struct exchange *exchange);
