// SPDX-License-Identifier: Apache-2.0
#include "events/events.h"

#include <stdlib.h>

#include "base/check.h"
#include "events/listener.h"

/* ---- plans ---- */

void event_plans_init(struct event_plans *plans) {
  list_init(&plans->list);
  plans->count = 0;
}

bool event_plans_add(struct event_plans *plans, struct slice key, const struct event_plan *plan) {
  if (plans->count >= EVENTS_LISTENERS || key.len > EVENTS_KEY_MAX) return false;
  struct event_plan *copy = malloc(sizeof *copy + key.len + 1);
  REQUIRE(copy != NULL);
  *copy = *plan;
  memcpy(copy->key, key.ptr, key.len);
  copy->key[key.len] = '\0';
  if (copy->batch < 1 || copy->batch > EVENTS_QUEUED) copy->batch = EVENTS_QUEUED;
  list_push_back(&plans->list, &copy->node);
  plans->count++;
  return true;
}

void event_plans_free(struct event_plans *plans) {
  while (!list_empty(&plans->list)) {
    struct event_plan *plan = LIST_OWNER(plans->list.next, struct event_plan, node);
    list_remove(&plan->node);
    free(plan);
  }
  plans->count = 0;
}

/* ---- the desk ---- */

struct events *events_open(const struct events_options *options) {
  struct events *events = calloc(1, sizeof *events);
  REQUIRE(events != NULL);
  events->options = *options;
  events->line.redactor = options->redactor;
  list_init(&events->listeners);
  return events;
}

void events_close(struct events *events) {
  if (!events) return;
  while (!list_empty(&events->listeners)) {
    listener_close(LIST_OWNER(events->listeners.next, struct listener, node));
  }
  free(events);
}

static struct listener *listener_keyed(const struct events *events, const char *key) {
  for (struct list *node = events->listeners.next; node != &events->listeners; node = node->next) {
    struct listener *listener = LIST_OWNER(node, struct listener, node);
    if (strcmp(listener->key, key) == 0) return listener;
  }
  return NULL;
}

static void plan_follow(struct events *events, const struct event_plan *plan) {
  struct listener *listener = listener_keyed(events, plan->key);
  if (!listener) listener = listener_open(events, plan);
  listener_adapt(listener, plan);
  listener->planned = true;
  events->wanted |= plan->subjects;
}

/* Closes those that no plan has named since the last time. */
static void sweep(struct events *events) {
  for (struct list *node = events->listeners.next, *next; node != &events->listeners; node = next) {
    struct listener *listener = LIST_OWNER(node, struct listener, node);
    next = node->next;
    if (!listener->planned)
      listener_close(listener);
    else
      listener->planned = false;
  }
}

void events_follow(struct events *events, const struct event_plans *plans) {
  events->wanted = 0;
  for (struct list *node = plans->list.next; node != &plans->list; node = node->next) {
    plan_follow(events, LIST_OWNER(node, struct event_plan, node));
  }
  sweep(events);
}

bool events_wanted(const struct events *events, enum event_subject subject) {
  return (events->wanted & (1U << subject)) != 0;
}

/* ---- events ---- */

static void subject_count(struct events *events, enum metrics_family family, enum event_subject subject) {
  struct slice label = slice_text(event_subject_name(subject));
  if (events->options.metrics) metric_add(metrics_series(events->options.metrics, family, &label, 1), 1);
}

void events_count_dropped(struct events *events, enum event_subject subject) {
  subject_count(events, METRIC_EVENTS_DROPPED, subject);
}

/* Requests have a metric of their own. */
void events_count(struct events *events, enum event_subject subject) {
  if (subject > EVENT_REQUEST_FAILED) subject_count(events, METRIC_EVENTS, subject);
}

struct log_line *events_begin(struct events *events, enum event_subject subject) {
  log_line_begin_event(&events->line, event_subject_name(subject));
  return &events->line;
}

void events_end(struct events *events, enum event_subject subject) {
  struct slice text = log_line_end(&events->line);
  struct event *event = event_make(subject, slice_make(text.ptr, text.len - 1));
  events_count(events, subject);
  for (struct list *node = events->listeners.next; node != &events->listeners; node = node->next) {
    struct listener *listener = LIST_OWNER(node, struct listener, node);
    if (listener->subjects & (1U << subject)) listener_push(listener, event);
  }
  event_release(event);
}

/* ---- the end ---- */

void events_drain(struct events *events) {
  events->draining = true;
  for (struct list *node = events->listeners.next; node != &events->listeners; node = node->next) {
    listener_arm(LIST_OWNER(node, struct listener, node), 0);
  }
}

bool events_idle(const struct events *events) {
  for (struct list *node = events->listeners.next; node != &events->listeners; node = node->next) {
    const struct listener *listener = LIST_OWNER(node, struct listener, node);
    if (listener->busy || listener->count > 0) return false;
  }
  return true;
}

/* ---- turns ---- */

static struct listener *listener_numbered(const struct events *events, unsigned number) {
  for (struct list *node = events->listeners.next; node != &events->listeners; node = node->next) {
    struct listener *listener = LIST_OWNER(node, struct listener, node);
    if (listener->number == number) return listener;
  }
  return NULL;
}

static void batch_take(struct listener *listener) {
  const struct events_options *options = &listener->events->options;
  listener->held = listener->count < listener->batch ? listener->count : listener->batch;
  listener->attempt = 0;
  options->draw_id(options->user, listener->id);
}

bool events_batch(struct events *events, unsigned number, struct buffer *out, struct event_batch *batch) {
  struct listener *listener = listener_numbered(events, number);
  if (!listener || listener->count == 0) return false;
  if (listener->held == 0) batch_take(listener);
  for (unsigned i = 0; i < listener->held; i++) {
    const struct event *event = listener->queue[(listener->first + i) % EVENTS_QUEUED];
    buffer_append(out, i == 0 ? "[" : ",", 1);
    buffer_append(out, event->text, event->len);
  }
  buffer_append(out, "]", 1);
  batch->count = listener->held;
  batch->attempt = ++listener->attempt;
  memcpy(batch->id, listener->id, sizeof batch->id);
  return true;
}

void events_settle(struct events *events, unsigned number, bool delivered) {
  struct listener *listener = listener_numbered(events, number);
  for (; listener && listener->held > 0; listener->held--) {
    struct event *event = listener->queue[listener->first];
    if (!delivered) events_count_dropped(events, event->subject);
    event_release(event);
    listener->first = (listener->first + 1) % EVENTS_QUEUED;
    listener->count--;
  }
}

void events_rest(struct events *events, unsigned number, uint64_t wait_ms) {
  struct listener *listener = listener_numbered(events, number);
  if (!listener) return;
  listener->busy = false;
  timer_stop(&listener->timer);
  listener_arm(listener, wait_ms);
}

/* A batch that is still held may be what the turn has failed over: not at once again. */
void events_turn_over(struct events *events, unsigned number) {
  const struct listener *listener = listener_numbered(events, number);
  if (listener && listener->busy) events_rest(events, number, listener->held > 0 ? EVENTS_AGAIN_MS : 0);
}
