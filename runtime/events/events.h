// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/list.h"
#include "base/slice.h"
#include "events/subject.h"
#include "loop/loop.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

/* What has happened in this worker, on its way to those who want to know.
 *
 *   listener   who wants to know: a set of subjects, and a queue of its own, so that a slow one holds up no other
 *   plan       a listener as a generation wants it; the same key in the next generation goes on with the same queue
 *   turn       one run of the code that delivers, which the generation that serves brings; a listener has one at a time
 *   batch      what a turn is busy with: it stays in the queue, under the same id, until it is settled
 *
 * An event is JSON text, shared by the queues it is in. A full queue drops what comes. Single thread, no system calls.
 */
enum {
  EVENTS_QUEUED = 256,    /* of one listener */
  EVENTS_LISTENERS = 32,  /* of one generation */
  EVENTS_KEY_MAX = 2200,  /* a URL and a word */
  EVENTS_AGAIN_MS = 1000, /* until a batch is delivered again whose turn was cut off */
  EVENTS_ID_SIZE = 33
};

struct events;

struct event_plan {
  struct list node;
  uint32_t subjects; /* a bit each */
  unsigned batch;    /* at most so many at once, up to EVENTS_QUEUED */
  unsigned every_ms; /* waits so long for a batch to fill; 0 = not at all */
  char key[];
};

/* Those of one generation; it owns the plans. Zero-initialised but for the list it has no listeners. */
struct event_plans {
  struct list list;
  unsigned count;
};

struct events_options {
  struct loop *loop;
  struct metrics *metrics;         /* dropped and happened are counted there; null: nowhere */
  const struct redactor *redactor; /* for events_begin */
  /* Begins a turn for a listener, off any request's path, which ends in events_rest and then, or if it is cut off only,
   * in events_turn_over. False: there is no room now. */
  bool (*turn)(void *user, unsigned listener, const char *key);
  void (*draw_id)(void *user, char id[EVENTS_ID_SIZE]);
  void *user;
};

/* Never null. `options` is copied. */
struct events *events_open(const struct events_options *options);
/* Frees what is queued. */
void events_close(struct events *events);

void event_plans_init(struct event_plans *plans);
/* Copies. False when there are EVENTS_LISTENERS already, or the key is too long. */
bool event_plans_add(struct event_plans *plans, struct slice key, const struct event_plan *plan);
void event_plans_free(struct event_plans *plans);

/* From now on these listen. What waits for one who does not listen any more is dropped. */
void events_follow(struct events *events, const struct event_plans *plans);

/* Whether anybody wants the subject: what is not wanted need not be put together. */
bool events_wanted(const struct events *events, enum event_subject subject);

/* A line for the event's fields, one at a time: log_line_text and its like, then events_end. */
struct log_line *events_begin(struct events *events, enum event_subject subject);
void events_end(struct events *events, enum event_subject subject);
/* Without any fields it has happened all the same: counted. */
void events_count(struct events *events, enum event_subject subject);

/* Everything is delivered as soon as it can be: the worker ends. */
void events_drain(struct events *events);
/* Nothing is queued, and no turn runs. */
bool events_idle(const struct events *events);

/* --- a turn's --- */

struct event_batch {
  unsigned count;
  unsigned attempt;        /* 1 = the first */
  char id[EVENTS_ID_SIZE]; /* 32 digits, the same at every attempt */
};

/* What is to be delivered, as a JSON array, appended to `out`: the batch of the attempt before while it is not settled.
 * False when there is nothing, or nobody of this number listens any more. */
bool events_batch(struct events *events, unsigned listener, struct buffer *out, struct event_batch *batch);
/* The batch is delivered, or lost (and counted as dropped): it leaves the queue. */
void events_settle(struct events *events, unsigned listener, bool delivered);
/* The turn is over; the next one begins after `wait_ms`, or when the plan says. */
void events_rest(struct events *events, unsigned listener, uint64_t wait_ms);
/* Its code has ended, in whatever way: without events_rest before it was cut off, and the next turn begins. */
void events_turn_over(struct events *events, unsigned listener);
