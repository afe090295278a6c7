// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "events/events.h"

/* One listener with its queue. Inside this room only. */

/* A text in one or several queues: shares (refcount). */
struct event {
  unsigned holders;
  enum event_subject subject;
  size_t len;
  char text[];
};

struct listener {
  struct list node; /* in events->listeners */
  struct events *events;
  unsigned number; /* no other listener of this worker has, or had, it */
  uint32_t subjects;
  unsigned batch, every_ms;
  struct timer timer; /* until the next turn */
  bool planned;       /* while generations change: the new one has it, too */
  bool busy;          /* a turn runs */
  bool retrying;      /* what the timer waits for is another attempt: more events do not hasten it */
  struct event *queue[EVENTS_QUEUED];
  unsigned first, count;
  unsigned held; /* of the batch: the first ones of the queue; 0 = none */
  unsigned attempt;
  char id[EVENTS_ID_SIZE];
  char key[];
};

struct events {
  struct events_options options;
  struct list listeners;
  unsigned last_number;
  uint32_t wanted;
  bool draining;
  struct log_line line;
};

struct event *event_make(enum event_subject subject, struct slice text);
void event_release(struct event *event);

struct listener *listener_open(struct events *events, const struct event_plan *plan);
/* What it has not delivered is dropped. */
void listener_close(struct listener *listener);
void listener_adapt(struct listener *listener, const struct event_plan *plan);
/* Takes a share of the event, or drops it. */
void listener_push(struct listener *listener, struct event *event);
/* Puts the beginning of the next turn where it belongs. */
void listener_arm(struct listener *listener, uint64_t wait_ms);

void events_count_dropped(struct events *events, enum event_subject subject);
