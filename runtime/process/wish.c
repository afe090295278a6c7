// SPDX-License-Identifier: Apache-2.0
#include "process/wish.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "process/worker.h"
#include "script/task.h"

static struct wish *wish_new(struct worker *worker) {
  struct wish *wish = calloc(1, sizeof *wish);
  REQUIRE(wish != NULL);
  wish->worker = worker;
  list_init(&wish->node);
  return wish;
}

static void supervisor_wake(const struct worker *worker) {
  pid_t supervisor = atomic_load(&worker->desk.shared->supervisor);
  if (supervisor > 1) kill(supervisor, SIGUSR1);
}

struct wish *wish_reload(struct worker *worker, bool all_specs) {
  struct generations *shared = worker->desk.shared;
  struct wish *wish = wish_new(worker);
  wish->ticket = atomic_fetch_add(&shared->requested, 1) + 1;
  uint64_t newest = atomic_load(&shared->requested_all);
  while (all_specs && newest < wish->ticket) {
    if (atomic_compare_exchange_weak(&shared->requested_all, &newest, wish->ticket)) break;
  }
  return wish;
}

struct wish *wish_rollback(struct worker *worker, uint64_t number) {
  struct wish *wish = wish_new(worker);
  wish->number = number;
  return wish;
}

void wish_wait(struct wish *wish, struct task *task, uint64_t wait) {
  wish->task = task;
  wish->wait = wait;
  list_push_back(&wish->worker->wishes, &wish->node);
  if (wish->ticket) supervisor_wake(wish->worker);
  wishes_look(wish->worker);
}

void wish_free(struct wish *wish) {
  list_remove(&wish->node);
  free(wish);
}

/* ---- answers ---- */

/* A program that ends reloads nothing any more. */
static bool refused_at_the_end(struct wish *wish) {
  if (!wish->worker->draining) return false;
  wish->outcome = wish->ticket ? (int)OUTCOME_NONE : (int)WISH_FAILED;
  snprintf(wish->reason, sizeof wish->reason, "the gateway is shutting down");
  return true;
}

static bool reload_answered(struct wish *wish, struct generations *shared) {
  if (atomic_load(&shared->completed) < wish->ticket) return false;
  wish->outcome = atomic_load(&shared->outcome);
  return true;
}

/* One at a time per worker: the voice has room for one. One whose asker has gone away is taken off by the next. */
static bool rollback_answered(struct wish *wish, struct generation_voice *voice) {
  int state = atomic_load(&voice->wish);
  if (!wish->asked && (state == WISH_NONE || state >= WISH_GRANTED)) {
    wish->asked = true;
    voice->wished = wish->number;
    atomic_store(&voice->wish, WISH_ASKED);
    supervisor_wake(wish->worker);
    return false;
  }
  if (!wish->asked || state < WISH_GRANTED) return false;
  wish->outcome = state;
  snprintf(wish->reason, sizeof wish->reason, "%s", voice->wish_reason);
  atomic_store(&voice->wish, WISH_NONE);
  return true;
}

void wishes_look(struct worker *worker) {
  struct generations *shared = worker->desk.shared;
  bool waits = false; /* an earlier wish to go back */
  for (struct list *node = worker->wishes.next, *next; node != &worker->wishes; node = next) {
    struct wish *wish = LIST_OWNER(node, struct wish, node);
    next = node->next;
    if (!wish->ticket && waits) continue;
    bool answered =
        wish->ticket ? reload_answered(wish, shared) : rollback_answered(wish, &shared->voices[worker->index]);
    answered = answered || refused_at_the_end(wish);
    waits = waits || (!wish->ticket && !answered);
    if (!answered) continue;
    list_remove(&wish->node);
    task_wake(wish->task, wish->wait);
  }
}
