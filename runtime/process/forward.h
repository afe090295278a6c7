// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "loop/timer.h"
#include "upstream/upstream.h"

/* A request that is forwarded: the client's body goes to the upstream as it comes, the upstream's answer to the client,
 * each side held back when the other does not read. A script chooses where to, and what becomes of the answer once its
 * head is there. Nothing of either body is kept but what the script asked to see. One to a call, in its arena. */
struct call;
struct forward;

enum forward_state {
  FORWARD_CLIENT, /* nobody is asked yet; of the client's body comes what the script wants to see */
  FORWARD_ASKED,  /* the upstream's head is waited for, the body goes there */
  FORWARD_HEAD,   /* it is there; its body waits */
  FORWARD_READ,   /* its body is collected for the script */
  FORWARD_PIPED,  /* the upstream's body, or bytes after an upgrade, go to the client */
  FORWARD_OVER,   /* piped to its end, or cut: then `error` says why */
  FORWARD_FAILED, /* `error` says why there is no head */
};

typedef void (*forward_wake)(struct forward *forward, void *waiter);

struct forward {
  struct call *call;
  enum forward_state state;
  /* the client's body */
  struct buffer held; /* owned; what came and is not sent */
  size_t wanted;      /* the script waits for so many bytes, or for the end */
  bool over;          /* all of it came */
  /* the upstream */
  struct transfer *transfer; /* owned; null while there is none */
  const struct transfer_response *response;
  struct slice secret; /* in the arena; what the request carries and no answer may show */
  struct error error;
  bool ended; /* the transfer's `done` came */
  bool kept;  /* what was sent of the body is all of it, and still there */
  bool open;  /* the client's answer is left open */
  /* its answer */
  struct buffer inbox; /* owned; what a script reads of it */
  size_t inbox_max;
  bool too_long; /* longer than that, or too slow */
  struct timer patience;
  forward_wake wake;
  void *waiter;
};

struct forward_request {
  struct origin *origin;
  struct slice method, target;
  struct slice lines; /* prepared ones that go with every call to this upstream, the credential among them */
  struct slice signs; /* further prepared lines, which win over `lines` */
  struct transfer_timeouts timeouts;
  bool upgrade; /* to a WebSocket */
};

/* The call's, made when it is first asked for. */
struct forward *forward_of(struct call *call);

/* A piece of the body of a call whose route streams; see http_handler.body. */
void forward_body(struct call *call, struct slice bytes, bool last);

/* Lets the body come until `bytes` of it are held, or all. Returns whether they are; else `wake` is called. */
bool forward_hold(struct forward *forward, size_t bytes, forward_wake wake, void *waiter);

/* Makes a body that is held whole the call's (call_body), to be looked into and edited like any. */
void forward_adopt(struct forward *forward);

/* Asks the upstream: with the call's body when it is there as a whole, else with what is held and then the rest as it
 * comes. `wake` is called with state HEAD or FAILED. -1 with `error` when nothing started. */
int forward_send(struct forward *forward, const struct forward_request *request, forward_wake wake, void *waiter,
                 struct error *error);

/* Lets go of the answer, so that the same can be asked once more: state CLIENT. False, and nothing is done, when the
 * body has gone by. In state HEAD, before anything of the answer was read. */
bool forward_again(struct forward *forward);

/* Collects the body of the answer, up to `bytes` and `milliseconds`; `wake` is called when it is there in `inbox`, or
 * `too_long` is set. In state HEAD. */
void forward_read(struct forward *forward, size_t bytes, unsigned milliseconds, forward_wake wake, void *waiter);

/* Answers the client with the upstream's status, headers and body as it comes; a 101 becomes a tunnel. `wake` is called
 * once the upstream is done: with state OVER, or, when the answer is left open, before its end. In state HEAD. */
void forward_pipe(struct forward *forward, bool leave_open, forward_wake wake, void *waiter);

/* Ends an answer that was left open, as the upstream's ended. */
void forward_finish(struct forward *forward);

/* Answers with the upstream's status and headers and another body, of another type when there is one. */
void forward_respond(struct forward *forward, struct slice content_type, struct slice body);

/* Lets go of everything that runs. In any state, more than once. */
void forward_free(struct forward *forward);

/* The same from our side: an answer that is being piped is cut. */
void forward_break(struct forward *forward);

/* ---- forward_head.c ---- */

/* Appends the lines of the request to the upstream: the client's, without what is for us or about the connection, and
 * those of `request`. */
void forward_request_lines(const struct forward *forward, const struct forward_request *request, struct buffer *out);

/* The credential among prepared lines, without what stands before it ("Bearer"); empty when there is none. */
struct slice forward_secret(struct slice lines);

/* Appends the lines of the answer: the upstream's, without secrets and what is about the connection. With `other_body`
 * also without what describes the body; its type stays while `other_type` is false. */
void forward_answer_lines(const struct forward *forward, bool other_body, bool other_type, struct buffer *out);

/* Appends `text` without the credential that was sent, and what else a log line would not show. */
void forward_scrub(const struct forward *forward, struct slice text, struct buffer *out);
