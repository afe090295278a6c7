// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "codec/estimate.h"
#include "codec/json.h"
#include "http/exchange.h"
#include "process/record.h"
#include "process/route.h"
#include "script/task.h"
#include "shared/keys.h"

/* One request's life in the worker: joins the exchange (http), its coroutine (script) and its upstream replies. Lives
 * in the exchange's arena, from `head` to `end`. */
struct worker;
struct reply;
struct stay;
struct call;

/* What a cost is made of; the names are gateway-api 6.5's. */
enum call_cost {
  COST_INPUT,
  COST_OUTPUT,
  COST_CACHE_READ,
  COST_CACHE_WRITE,
  COST_REASONING,
  COST_IMAGE,
  COST_AUDIO,
  COST_EMBEDDING,
  CALL_COSTS
};

/* What the access line and the metrics say of a call; written by the pipeline as it learns it. Slices in the arena. */
struct call_notes {
  struct slice provider, model, target;
  struct slice requested;          /* the model as the client named it */
  struct slice code;               /* error code of the answer; empty = none */
  struct slice variant;            /* which one a strategy made of the request; empty = none */
  struct slice failure;            /* what went wrong, in the gateway's own words; empty = the code says it */
  struct slice hedge;              /* "won", "lost"; empty = nobody was asked beside another */
  struct slice error_type;         /* gateway_provider_errors_total's label; empty = none */
  long long tokens_in, tokens_out; /* -1 = unknown */
  long long cost;                  /* micro-dollars; -1 = unknown */
  double costs[CALL_COSTS];        /* what of it was paid for what, in pico-dollars; only where events want it */
  double price_in, price_out;      /* pico-dollars of a token, for what is cut short; below 0 = unknown */
  uint64_t first_byte_at;          /* uv_hrtime of the first content to the client, 0 = none; no ping is */
  unsigned attempts;
  bool streamed, counted; /* counted: a routed request, part of gateway_requests_total */
  bool rejected, incomplete;
  bool textual;   /* what is answered are texts, whose tokens can be estimated */
  bool estimated; /* the tokens, and so the cost: nobody counted them */
  bool asked;     /* an upstream had been asked when the call was dropped */
};

/* Something a script holds that is good for as long as its call: cut once, when the script ends or the call does. */
struct call_tie {
  struct list link;
  void (*cut)(struct call_tie *tie);
};

/* A header line that scripts have put on the answer, whatever it will be. Lives in the arena. */
struct call_field {
  struct call_field *next;
  struct slice name, value;
};

/* What a script wants to have done when it cannot come to its end. */
struct call_parting {
  struct call_parting *next;
  bool always; /* also when the call was answered all the same, by one of several tries */
  void (*run)(struct call_parting *parting, struct call *call, const char *code);
};

enum call_stream { /* the client's answer in pieces */
                   CALL_NO_STREAM,
                   CALL_STREAM_BEGUN, /* its head and pings are out, and nothing that an upstream said: who answers is
                                         still open */
                   CALL_STREAM_OPEN,  /* somebody has answered */
                   CALL_STREAM_OVER,
};

struct call {
  struct worker *worker;
  struct exchange *exchange;
  const struct route *route;
  enum shape shape;                    /* of errors: the route's, or what the request's head asks for */
  struct generation *generation;       /* that it began with, and holds; null before its body is there */
  struct task *task;                   /* null before and after the script runs */
  struct reply *replies;               /* upstream calls not yet given back; owned */
  struct forward *forward;             /* null: it is none; in the arena */
  const struct key_identity *identity; /* null: open proxy or probe */
  enum call_access access;
  struct record *record; /* null: not recorded; in the arena */
  void **box;            /* the script's userdata, emptied when the call ends */
  struct list ties;      /* what else the script holds: struct call_tie */
  struct stay *stays;    /* targets that it is at; in the arena, each tied */
  bool budgeted;         /* it has been to a target: part of what retries are measured by */
  enum call_stream stream;
  bool events;           /* what goes out in pieces is events */
  bool unpinged;         /* its client can bear no pings */
  unsigned char left;    /* enum gone: see gone.h */
  bool accepted;         /* the present target has begun a good answer */
  struct timer deadline; /* the whole request, or a stream until its first content */
  struct timer beat;     /* when something must go out again */
  uint64_t beat_bytes;   /* what the stream had sent at the last beat */
  char trace_id[33];
  bool indexed;
  struct slice changed_body;                            /* in the arena; a null slice: the body is as it came */
  struct json_index index;                              /* of the request body */
  struct json_edits *edits;                             /* in the arena; null while the body goes out as it came */
  struct call_body *own;                                /* the client's body, while a translation is in its place */
  void (*on_writable)(struct call *call, void *waiter); /* who waits for the client's queue */
  void *waiter;
  struct call_notes notes;
  struct estimate_flow flow; /* of the events the client was sent */
  struct call_field *fields;
  struct call_parting *partings; /* in the arena, the newest first */
  uint64_t promised;             /* bytes: see overload.h */
};

/* Where this call's draws of the outside world are noted or come from; null in an ordinary one. */
struct tape *call_tape(struct call *call);

/* The http handler's events (see http/exchange.h); `user` is the worker. */
int call_head(void *user, struct exchange *exchange);
void call_request(void *user, struct exchange *exchange);
void call_body_piece(void *user, struct exchange *exchange, struct slice bytes, bool last);
struct slice call_refusal_fields(void *user, struct exchange *exchange);
struct slice call_refusal_body(void *user, struct exchange *exchange, const char *code, const char *message,
                               int *status);
void call_writable(void *user, struct exchange *exchange);
void call_end(void *user, struct exchange *exchange);

/* Validates and indexes the body as a JSON object, once. 0, or -1 with `error` (status 400, code invalid_request). */
int call_index(struct call *call, struct error *error);

/* The request's body: as it came, or as scripts have changed it. */
struct slice call_body(const struct call *call);

/* As it came; of one that streams what is held. */
struct slice call_received(const struct call *call);

/* Puts `body` (in the arena) in its place and indexes it. Edits of the one before are forgotten. 0, or -1 with `error`
 * when it is no JSON object any more; nothing has changed then. */
int call_body_change(struct call *call, struct slice body, struct error *error);

/* The client's body put aside: see call_body_translate. */
struct call_body {
  struct slice changed;
  struct json_index index;
  bool indexed;
};

/* Puts another body (copied) in the place of the client's, for the upstream to get; call_body_restore puts that back.
 * Edits of the one before are forgotten. 0, or -1 with `error` when it is no JSON object. */
int call_body_translate(struct call *call, struct slice body, struct error *error);
void call_body_restore(struct call *call);

/* The client's, whatever is in its place. */
struct slice call_body_own(const struct call *call);

/* Answers in the shape that the route's clients expect errors in. `param` may be empty (null is written). `fields` are
 * prepared header lines. */
struct call_problem {
  int status;
  struct slice message, type, code, param;
  struct slice fields;
};
/* In a stream that has begun it is told there, and ends it. */
void call_refuse(struct call *call, const struct call_problem *problem);
/* The same in static texts; always -1, for who refuses by returning. */
int call_refuse_text(struct call *call, int status, const char *type, const char *code, const char *message);

/* Answers whole. `fields`: prepared lines beside those every answer gets (X-Request-ID, nosniff). */
void call_respond(struct call *call, int status, struct slice content_type, struct slice fields,
                  const struct slice *body, unsigned body_count);

/* Puts a header on the answer that will go out, in the place of one of that name, also of a provider's. Name and value
 * are valid on the wire; copied. False for a name that is the gateway's own: framing, the body's type, the trace. */
bool call_field_set(struct call *call, struct slice name, struct slice value);

/* A script has set this header of the answer. */
bool call_field_taken(const struct call *call, struct slice name);

/* The head's lines: the type, what every answer gets, `fields` and `others` but those whose place a script's own take.
 * In the worker's scratch. */
struct slice call_fields_compose(struct call *call, struct slice content_type, struct slice fields,
                                 struct slice others);

/* Bounds the request, or a stream until its first content: 504 gateway_timeout. 0 = no bound. */
void call_deadline(struct call *call, uint64_t milliseconds);

/* Stops the script; `code` says what cut it short. What it asked of upstreams goes on until call_replies_free. */
void call_cancel(struct call *call, const char *code);
/* Has done what its script wants to have done when it does not come to its end; `cut`: the answer did not, either. */
void call_part(struct call *call, bool cut, const char *code);
void call_replies_free(struct call *call);

/* From now on a script that still holds this call, or what is tied to it, gets an error. */
void call_box_empty(struct call *call);
/* Ties something to the call; whoever lets go of it before takes it off the list. */
void call_tie(struct call *call, struct call_tie *tie, void (*cut)(struct call_tie *tie));

/* ---- stream.c ---- */

/* The client has been told that the answer comes in pieces, and it is not at its end. */
static inline bool call_streams(const struct call *call) {
  return call->stream == CALL_STREAM_BEGUN || call->stream == CALL_STREAM_OPEN;
}

void call_beat_init(struct call *call);

/* The client reads events and has nothing yet: where the heartbeat's span passes before anything is said, the stream
 * begins with its head and a ping, and headers that are known later are lost. May be called again. `pings` false: the
 * client can bear none, at no time. */
void call_stream_await(struct call *call, bool pings);

/* Begins an answer in pieces: the head every stream gets and `fields`, where it is not out already. Without a type it
 * is one of events; one of another type gets no heartbeat, and no error event when it breaks off. */
void call_stream_begin(struct call *call, struct slice content_type, struct slice fields);

/* Bytes of the open event stream, as exchange_stream_write. */
enum exchange_write call_stream_write(struct call *call, struct slice bytes);

/* Ends it; nothing when none is open. `complete` false: cut on purpose. */
void call_stream_end(struct call *call, bool complete);

/* Ends it with an error event; the connection closes. */
void call_stream_break(struct call *call, const struct call_problem *problem);

/* ---- others ---- */

/* About what the request and its answer are in tokens: of a stream what went out, else of `answer` (valid JSON). */
void call_estimate(const struct call *call, struct slice answer, long long *tokens_in, long long *tokens_out);

/* An answer of texts is over, or cut, and nobody has counted: the notes get an estimate, and what it costs. Of one that
 * was dropped before it began that is its request's. */
void call_estimate_cut(struct call *call);

/* Header lines every answer carries; appended to `out`. */
void call_fields(const struct call *call, struct buffer *out);

/* Ends a call from our side: an error answer, or an error event in a stream that has begun. Static texts. */
void call_break(struct call *call, int status, const char *code, const char *message);

/* The drain's deadline has come: streams get an error event, the others 503, and the call ends. */
void call_shut_down(void *user, struct exchange *exchange);
