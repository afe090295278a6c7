// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "codec/field.h"

/* One HTTP call to an upstream. The one interface that client.c (HTTP/1.1, hot path) and curl.c (proxies, HTTP/2-only
 * hosts) both serve. A POST is never sent twice by this room: a reused connection that dies before one byte of the
 * request was written is replaced by a fresh one silently; after that the caller gets the error and decides. */
struct upstream;
struct origin;
struct transfer;

struct transfer_timeouts { /* milliseconds; 0 = none */
  unsigned connect;        /* TCP, then again TLS: 3,000 each */
  unsigned first_byte;     /* from the request's last byte to the response's first: 60,000 */
  unsigned idle;           /* between bytes of the body: 60,000 */
  unsigned total;          /* the whole call: 600,000 */
};

/* Borrowed until transfer_start returns. */
struct transfer_request {
  struct origin *origin;
  struct slice method;
  struct slice target;             /* origin-form path and query, already encoded */
  const struct http_field *fields; /* besides Host, Content-Length, Connection, which this room writes itself */
  unsigned field_count;
  struct slice prepared;    /* further field lines, ready ("name: value\r\n"...), validated when they were prepared */
  const struct slice *body; /* pieces, sent in order */
  unsigned body_count;
  bool has_body; /* writes Content-Length, also for 0 bytes */
  /* More of the body follows the pieces, through transfer_send (to an origin that streams, see upstream.h). */
  bool body_streams;
  bool length_known;    /* of a body that streams; else it goes in chunks */
  uint64_t length;      /* all of it, the pieces included */
  unsigned queue_high;  /* bytes: above it transfer_send asks to wait; 0 = 64 KiB */
  struct slice upgrade; /* asks to switch to this protocol: a request without body. After a 101, which is told like any
                           head, bytes pass both ways: transfer_send, and `body` until the upstream closes */
  struct transfer_timeouts timeouts;
  uint64_t body_limit; /* largest response body in bytes; 0 = none */
};

struct transfer_response {
  int status;
  const struct http_field *fields; /* valid until the transfer is freed */
  unsigned field_count;
  bool length_known;
  uint64_t length;
};

/* Called from the loop, never from inside transfer_start, _cancel, _resume. After `done` the transfer calls nobody;
 * the owner then frees it. `error` is null when the response arrived whole. */
struct transfer_events {
  void (*head)(struct transfer *transfer, void *owner, const struct transfer_response *response);
  void (*body)(struct transfer *transfer, void *owner, struct slice bytes); /* valid inside the call only */
  void (*done)(struct transfer *transfer, void *owner, const struct error *error);
  /* After transfer_send said false: what was queued has left. May be null where nothing streams. */
  void (*writable)(struct transfer *transfer, void *owner);
};

/* Starts the call. On failure returns -1, fills `error` with upstream_bad_request (500: a header, method or target that
 * must not reach the wire), and nothing was started.
 * Error codes of `done` (status): upstream_dns (502), upstream_dns_timeout (504), upstream_refused (502),
 * upstream_unreachable (502), upstream_connect_timeout (504), upstream_tls (502), upstream_reset (502),
 * upstream_timeout (504: first byte, idle or total), upstream_bad_response (502), upstream_bad_framing (502),
 * upstream_headers_too_large (502), upstream_too_large (502), upstream_truncated (502), upstream_blocked (502: the
 * address is not allowed). */
int transfer_start(struct upstream *upstream, const struct transfer_request *request,
                   const struct transfer_events *events, void *owner, struct transfer **out, struct error *error);

/* Checks fields like those of a request and appends their lines to `out`: makes transfer_request.prepared. Returns -1
 * with upstream_bad_request. */
int transfer_fields_prepare(const struct http_field *fields, unsigned count, struct buffer *out, struct error *error);

/* Back pressure: stop and restart reading the body. While it is paused neither `body` nor `done` is called (but for
 * time-outs) and the idle time does not run; `head` may still come. */
void transfer_pause(struct transfer *transfer);
void transfer_resume(struct transfer *transfer);

/* The next bytes of a body that streams, `last` with its end; or of an upgraded connection. Borrowed until it returns.
 * False: enough is queued, go on when `writable` comes (these bytes are taken all the same). An upstream may answer
 * before it has everything: the call then ends with its answer, and what is sent on meanwhile goes nowhere. */
bool transfer_send(struct transfer *transfer, struct slice bytes, bool last);

/* Stops the call: its connection closes at once (within this loop turn), `done` is not called. Safe in every state and
 * inside callbacks. Ends the owner's use of the transfer like transfer_free. */
void transfer_cancel(struct transfer *transfer);

/* After `done`. */
void transfer_free(struct transfer *transfer);

/* True when not one byte of the request was written to a socket: a retry cannot run anything twice. */
bool transfer_untouched(const struct transfer *transfer);

/* True when the upstream went away before it had the whole request, as far as our side of the socket tells: it cannot
 * have carried it out, if it waits for the end of what it reads. */
bool transfer_unsent(const struct transfer *transfer);
