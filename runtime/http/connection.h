// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <uv.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "codec/chunked.h"
#include "http/exchange.h"
#include "http/head.h"
#include "http/service.h"

/* One client's socket and the exchange it is in. Private to this room.
 *
 * Everything that happens to a connection ends in http_connection_run: it takes one small step after the other for as
 * long as the state and the unread bytes allow. Handlers are called from there alone, so an answer given inside a
 * handler only sets flags that the next step reads, and nothing recurses. */

enum connection_state {
  CONNECTION_WAIT,   /* between requests: nothing of a head is there */
  CONNECTION_HEAD,   /* part of a head is there */
  CONNECTION_BODY,   /* head accepted, body on its way */
  CONNECTION_ANSWER, /* the handler has it */
  CONNECTION_UPLOAD, /* the handler has it, and its body (or what follows an upgrade) still comes */
  CONNECTION_FLUSH,  /* answered; what is queued still leaves */
  CONNECTION_SKIP,   /* answered before the body was read: a small body is read and thrown away */
  CONNECTION_LINGER, /* nothing more to say: reads until the client closes, so that no reset overtakes the answer */
  CONNECTION_CLOSED,
};

enum {
  CONNECTION_INPUT_MAX = 64 * 1024, /* unread bytes of later requests; above it reading stops */
  CONNECTION_SKIP_MAX = 64 * 1024,
};

struct connection {
  uv_tcp_t tcp;               /* its `data` is this; freed in its close callback */
  struct list node;           /* in server->connections until it closes */
  struct timer timer;         /* what it waits for follows from the state: see deadline.c */
  struct loop_job job;        /* the run put off by an answer from outside */
  struct http_server *server; /* borrowed: outlives its connections */
  struct exchange *exchange;  /* owned; null between requests */
  struct http_output *output; /* owned; null while nothing is queued */
  struct buffer input;        /* bytes read but not used; no memory while there are none */
  uint32_t input_used;        /* how many of them are used */
  uint32_t scanned;           /* how far the present head was searched for its end */
  uint32_t skip;              /* bytes of an unread body to throw away */
  uint32_t served;            /* requests begun */
  uint64_t since;             /* uv_hrtime of the head's first byte; in LINGER loop_now of its start */
  unsigned char address[16];  /* IPv6, or IPv4 mapped into it */
  unsigned char state;        /* enum connection_state */
  bool busy : 1;              /* inside http_connection_run */
  bool reading : 1;
  bool eof : 1;     /* the client has sent its FIN */
  bool lost : 1;    /* nothing reaches the client any more */
  bool closing : 1; /* to be closed after the present answer */
};

struct exchange {
  struct http_request request;
  struct arena arena;            /* owns the head's bytes and whatever the handler puts there */
  struct buffer body;            /* owned; a body that did not come whole in the first read */
  struct connection *connection; /* borrowed: owns this */
  struct exchange *next_spare;
  void *data; /* the handler's */
  struct http_framing framing;
  struct chunked chunked;
  struct slice held; /* a stream's head, until its first piece; in the arena */
  const char *error_code;
  uint64_t started;
  uint64_t bytes_sent;
  uint64_t body_started, body_seen; /* loop_now of the body's begin and of its latest bytes */
  uint64_t body_received;           /* raw bytes */
  uint64_t paused_at;               /* loop_now of a streamed body's latest pause */
  uint64_t answer_left;             /* of an answer with Content-Length: bytes still to be written */
  int status;
  unsigned char address[16]; /* the client's, once `located` */
  bool located : 1;
  bool head_only : 1; /* HEAD, 204, 304 */
  bool unread : 1;    /* its body is not read yet */
  bool skippable : 1; /* and may be thrown away */
  bool streaming : 1, chunking : 1;
  bool full : 1; /* the handler waits for `writable` */
  bool close_after : 1;
  bool finished : 1; /* the answer is complete as far as the handler is concerned */
  bool gone : 1;     /* the client left before that */
  bool detached : 1; /* and the handler goes on: `connection` is a stand-in, which this owns */
  bool paused : 1;   /* a streamed body's pieces are not wanted now */
  bool waits : 1;    /* the client holds its streamed body back until it hears 100 */
  bool raw : 1;      /* upgraded: bytes without framing, both ways */
  bool sized : 1;    /* the streamed answer has a Content-Length */
};

/* A connection not yet attached to a socket; server->handles counts it. */
struct connection *http_connection_new(struct http_server *server);

/* Changes the state and starts its clock. */
void http_connection_enter(struct connection *connection, enum connection_state state);

/* Begins to read. The socket is open. */
void http_connection_start(struct connection *connection);

/* Goes as far as state and unread bytes allow. Harmless at any time but inside itself. */
void http_connection_run(struct connection *connection);

/* The client is away. Takes effect in the next run, which is scheduled when there is none now. */
void http_connection_lose(struct connection *connection);

/* This room's own answer to what the client sent; the connection closes after it. */
void http_connection_refuse(struct connection *connection, enum http_refusal refusal);

/* The queue has shrunk or emptied. */
void http_connection_drained(struct connection *connection);

/* At once and without a word. */
void http_connection_close(struct connection *connection);

/* exchange.c: an exchange for the request whose head begins now, and its end (the `end` event, then its memory). */
struct exchange *http_exchange_open(struct connection *connection);
void http_exchange_close(struct exchange *exchange);
void http_exchange_free_spare(struct http_server *server);
