// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "codec/json.h"
#include "codec/splitter.h"
#include "loop/timer.h"
#include "upstream/transfer.h"

/* One upstream's answer to a call. Whole answers are collected; a stream is held until its first content, so that a
 * failure before anything reached the client may still move to the next target. */
struct call;
struct reply;
struct stay_place;

enum reply_state {
  REPLY_SENT,     /* waiting for the head, and for the first content or the end */
  REPLY_WHOLE,    /* the body is complete in `inbox` */
  REPLY_STREAM,   /* all up to the first content is in `inbox`, more may follow */
  REPLY_RELAYING, /* C pipes the stream to the client */
  REPLY_READING,  /* a script takes event by event */
  REPLY_FAILED,   /* `error` says why; nothing more comes */
  REPLY_OVER,     /* relayed to its end */
};

/* What a good answer (2xx) to a call that is no stream must be. */
enum reply_answer {
  REPLY_ANSWER_JSON, /* a JSON object: HTML from a proxy or half an answer is not passed on as success */
  REPLY_ANSWER_ANY,  /* whatever it is, whole: somebody will read it */
  REPLY_ANSWER_OWN,  /* what the client gets as it is: JSON and text whole, events and other bytes as they come */
};

struct usage { /* -1 = not reported */
  long long prompt, completion, cached, reasoning, cache_write, audio_in, audio_out, seconds;
  long long input, output, cache_read, cache_creation; /* other names for them, as they were told */
};

enum relay_format {             /* see relay_scan.h */
                    RELAY_CHAT, /* chat's chunks, and those of legacy completions */
                    RELAY_ANTHROPIC,
                    RELAY_RESPONSES,
                    RELAY_GEMINI,
                    RELAY_EVENTS, /* of OpenAI's other surfaces */
                    RELAY_BYTES,  /* of no events: not looked at */
};

struct relay_options {
  enum relay_format format;
  bool strip_usage; /* the client did not ask for the usage chunk */
  bool leave_open;  /* the script writes what ends the client's stream: no [DONE], no error event here */
  size_t keep;      /* how many bytes of events' data are kept for the script; more: none are */
};

/* JSON holds no such bytes. Behind each event's data, and, of other formats than chat's, behind its name before it. */
enum { RELAY_SEPARATOR = 0x1e, RELAY_NAME_SEPARATOR = 0x1f };

typedef void (*reply_wake)(struct reply *reply, void *waiter);

struct reply {
  struct reply *next; /* in call->replies */
  struct call *call;
  struct record_exchange *recorded; /* null: its call is not recorded */
  const struct stay_place *place;   /* the target it comes from; null: none that the call has entered */
  struct transfer *transfer;        /* owned until reply_free; null when it was cancelled */
  void **box;                       /* the script's userdata, emptied with the reply */
  enum reply_state state;
  enum reply_answer answer;
  uint64_t body_limit;        /* of a whole answer of its own kind */
  bool wants_stream, streams; /* the client asked for one; the upstream sends one */
  bool verbatim;              /* bytes that are nobody's business: STREAM begins with the first of them */
  bool ended;                 /* the transfer's `done` came; `error.code` null when it came whole */
  struct error error;
  const struct transfer_response *response; /* null before the head and after a cancel */
  uint64_t sent_at, done_at;                /* uv_hrtime */
  struct buffer inbox;                      /* body bytes not yet taken; RELAYING: bytes for the client */
  struct buffer feeding;                    /* bytes the splitter is working on (READING, and the gate's) */
  struct json_index index;                  /* of a whole 2xx answer */
  unsigned held;                            /* events before the one that opened the gate: no content was in them */
  enum framing framing;                     /* of the stream that is awaited */
  struct splitter splitter;
  struct splitter_event event; /* READING: what reply_next found */
  int found;
  bool paused;
  uint64_t passed; /* bytes of a stream: READING: taken by the script's splitter, RELAYING: written to the client */
  reply_wake wake;
  void *waiter;
  const void *sender; /* the script's task that has asked, for whoever ends that one */
  void *waiting;      /* the script's wait for events, in the call's arena */
  struct usage usage;
  /* relaying */
  struct relay_options options;
  struct buffer kept; /* data of the events the client got, a RELAY_SEPARATOR behind each */
  bool saw_done, saw_finish, saw_error;
  bool full;           /* the client is behind; what still is for it waits in `inbox` */
  bool ending;         /* the upstream's part is over: the client's answer ends with what waits */
  struct timer linger; /* after [DONE]: how long the upstream may take to end its body */
};

struct reply_request {
  struct transfer_request transfer;
  bool stream;
  enum framing framing; /* of the stream; only one of SSE can be relayed */
  enum reply_answer answer;
  uint64_t body_limit; /* of a whole answer */
};

/* Sends. `wake` is called once, from the loop: the state is then WHOLE, STREAM or FAILED. Null with `error` when
 * nothing started. Owned by the call until reply_free. */
struct reply *reply_send(struct call *call, const struct reply_request *request, reply_wake wake, void *waiter,
                         struct error *error);

/* A response header's value, or an empty slice. */
struct slice reply_field(const struct reply *reply, struct slice name);

/* Appends what a client may see of the upstream's head: x-ratelimit-*, retry-after, openai-*, anthropic-ratelimit-*,
 * and its request id as X-Upstream-Request-Id. */
void reply_fields(const struct reply *reply, struct buffer *out);

/* The name under which the client sees the upstream's field `name`; empty when it does not. */
struct slice reply_field_passes(struct slice name);

/* Data of one of the first events while the state is STREAM: the number `position`, from 0 on; `held` is the one with
 * the first content, an error or an end. In the call's arena; of a very long one the beginning: an error is short. */
struct slice reply_early_event(const struct reply *reply, unsigned position, struct slice *name);

/* The next event for a script, into `reply->event` (valid until the next call). 1: it is there; -1: no more (error.code
 * null: the body ended whole); 0: none yet: `wake` will be called once `reply->found` is 1 or -1. A frame with a wrong
 * checksum ends it as upstream_stream_corrupt, half a frame at the end as upstream_stream_truncated. */
int reply_next(struct reply *reply, reply_wake wake, void *waiter);

/* Gives it back in any state: cancels what runs. */
void reply_free(struct reply *reply);

/* A stream's bytes have passed their limit: `error` says so. */
bool reply_too_long(struct reply *reply);

/* ---- reply_whole.c ---- */

/* The upstream's head says how its body is to be taken: sets `streams` and `verbatim`. */
void reply_form_choose(struct reply *reply);

/* A successful whole answer is what it must be; what it says of its usage is read. 0, or -1 with `reply->error`. */
int reply_whole_check(struct reply *reply);

/* ---- relay.c ---- */

/* Pipes the stream to the client, whose head has begun; the client's answer is the script's to end. `wake` once: state
 * OVER, error.code null when the client got everything. */
void reply_relay(struct reply *reply, const struct relay_options *options, reply_wake wake, void *waiter);
void relay_bytes(struct reply *reply, struct slice bytes);
void relay_upstream_ended(struct reply *reply);

/* ---- usage.c ---- */

void usage_clear(struct usage *usage);

/* Reads the top-level `usage` object of valid JSON into `usage`; members that are absent stay as they are. */
void usage_read(const struct json_index *index, struct usage *usage);

/* The same of Google's `usageMetadata`. */
void usage_gemini_read(const struct json_index *index, struct usage *usage);
