// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream/origin.h"
#include "upstream/transfer.h"

/* Private to this room. What every call has, whichever lane carries it. */

struct transfer_lane { /* client.c and curl.c */
  void (*pause)(struct transfer *transfer);
  void (*resume)(struct transfer *transfer);
  bool (*stalled)(struct transfer *transfer); /* asked while sending: nothing of the request has left since last time */
  void (*stop)(struct transfer *transfer);    /* lets go of everything that could still call back; sockets close */
  void (*free)(struct transfer *transfer);
  bool (*send)(struct transfer *transfer, struct slice bytes, bool last); /* null: its bodies do not stream */
};

enum transfer_phase {
  TRANSFER_CALM,       /* paused, or a dial counts its own time */
  TRANSFER_RESOLVING,  /* curl's calls only */
  TRANSFER_CONNECTING, /* curl's calls only: TCP and TLS in one */
  TRANSFER_SENDING,
  TRANSFER_FIRST_BYTE,
  TRANSFER_IDLE,
};

struct transfer {
  const struct transfer_lane *lane;
  struct upstream *upstream; /* borrowed while the call runs */
  struct origin *origin;     /* borrowed while the call runs */
  struct transfer_events events;
  void *owner;
  struct list node; /* in upstream->transfers */
  struct timer phase_timer, total_timer;
  struct transfer_timeouts timeouts;
  enum transfer_phase phase;
  unsigned inside; /* events of the owner on the stack */
  bool paused;
  bool touched;  /* bytes of the request were written */
  bool unsent;   /* the connection was lost before all were */
  bool over;     /* nothing happens any more */
  bool unwanted; /* the owner is finished with it: freed when no event is on the stack */
};

struct transfer_setup {
  struct upstream *upstream;
  const struct transfer_request *request; /* checked; borrowed until the lane's start returns */
  const struct transfer_events *events;
  void *owner;
};

void transfer_init(struct transfer *transfer, const struct transfer_lane *lane, const struct transfer_setup *setup);

/* Tell the owner. False when it has ended the call meanwhile: the transfer may be gone, return at once. */
bool transfer_tell_head(struct transfer *transfer, const struct transfer_response *response);
bool transfer_tell_body(struct transfer *transfer, struct slice bytes);

bool transfer_tell_writable(struct transfer *transfer);

/* The last event; `error` null when the response is whole. The transfer may be gone afterwards. */
void transfer_finish(struct transfer *transfer, const struct error *error);

/* Says what the call is waiting for, and starts that time-out anew. */
void transfer_wait(struct transfer *transfer, enum transfer_phase phase);
