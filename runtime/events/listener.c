// SPDX-License-Identifier: Apache-2.0
#include "events/listener.h"

#include <stdlib.h>

#include "base/check.h"

enum { NO_ROOM_MS = 100 }; /* until a turn for which there was no room is tried again */

/* ---- events ---- */

struct event *event_make(enum event_subject subject, struct slice text) {
  struct event *event = malloc(sizeof *event + text.len);
  REQUIRE(event != NULL);
  *event = (struct event){.holders = 1, .subject = subject, .len = text.len};
  memcpy(event->text, text.ptr, text.len);
  return event;
}

void event_release(struct event *event) {
  if (--event->holders == 0) free(event);
}

/* ---- turns ---- */

static void turn_begin(struct listener *listener) {
  const struct events_options *options = &listener->events->options;
  listener->busy = options->turn(options->user, listener->number, listener->key);
  if (!listener->busy) timer_start(options->loop->wheel, &listener->timer, NO_ROOM_MS);
}

static void on_due(struct timer *timer) {
  struct listener *listener = LIST_OWNER(timer, struct listener, timer);
  listener->retrying = false;
  if (listener->count > 0) turn_begin(listener);
}

static bool is_due_at_once(const struct listener *listener) {
  return listener->events->draining || listener->count >= listener->batch;
}

void listener_arm(struct listener *listener, uint64_t wait_ms) {
  if (listener->busy || listener->count == 0) return;
  listener->retrying = wait_ms > 0;
  if (wait_ms == 0 && !is_due_at_once(listener)) wait_ms = listener->every_ms;
  timer_start(listener->events->options.loop->wheel, &listener->timer, wait_ms);
}

/* ---- the queue ---- */

void listener_push(struct listener *listener, struct event *event) {
  if (listener->count == EVENTS_QUEUED) return events_count_dropped(listener->events, event->subject);
  event->holders++;
  listener->queue[(listener->first + listener->count++) % EVENTS_QUEUED] = event;
  bool hastens = listener->count == listener->batch && !listener->retrying;
  if (!timer_running(&listener->timer) || hastens) listener_arm(listener, 0);
}

/* ---- one listener ---- */

void listener_adapt(struct listener *listener, const struct event_plan *plan) {
  listener->subjects = plan->subjects;
  listener->batch = plan->batch;
  listener->every_ms = plan->every_ms;
}

struct listener *listener_open(struct events *events, const struct event_plan *plan) {
  struct listener *listener = calloc(1, sizeof *listener + strlen(plan->key) + 1);
  REQUIRE(listener != NULL);
  listener->events = events;
  listener->number = ++events->last_number;
  memcpy(listener->key, plan->key, strlen(plan->key) + 1);
  timer_init(&listener->timer, on_due);
  listener_adapt(listener, plan);
  list_push_back(&events->listeners, &listener->node);
  return listener;
}

void listener_close(struct listener *listener) {
  timer_stop(&listener->timer);
  list_remove(&listener->node);
  for (unsigned i = 0; i < listener->count; i++) {
    struct event *event = listener->queue[(listener->first + i) % EVENTS_QUEUED];
    events_count_dropped(listener->events, event->subject);
    event_release(event);
  }
  free(listener);
}
