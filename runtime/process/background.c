// SPDX-License-Identifier: Apache-2.0
#include "process/background.h"

#include <stdlib.h>

#include "base/check.h"
#include "process/fault.h"
#include "process/worker.h"

/* After a job's first stretch of N microseconds no other begins for REST_FACTOR times N: a fifth of the time at most.
 */
enum { REST_FACTOR = 4, REST_LEAST_NS = 1000000 };

struct background_job {
  struct list node; /* in pending or running */
  struct background *background;
  struct task *task;
  struct timer longest;
  struct background_end end;
  bool begun;
};

/* ---- pacing ---- */

static void on_turn(uv_idle_t *handle);

static bool may_begin(const struct background *background) {
  return background->pending_count > 0 && background->running_count < BACKGROUND_RUNNING;
}

static void arm(struct background *background) {
  uint64_t now = uv_hrtime();
  if (!may_begin(background)) {
    uv_idle_stop(&background->turn);
  } else if (now < background->rest_until) {
    uv_idle_stop(&background->turn);
    timer_start(background->worker->loop.wheel, &background->rest, (background->rest_until - now) / 1000000);
  } else {
    uv_idle_start(&background->turn, on_turn);
  }
}

static void on_rest_over(struct timer *timer) {
  arm(LIST_OWNER(timer, struct background, rest));
}

/* Runs the first stretch here, where nothing else of Lua is under way, to know how long it took. */
static void on_turn(uv_idle_t *handle) {
  struct background *background = handle->data;
  struct background_job *job = LIST_OWNER(background->pending.next, struct background_job, node);
  list_remove(&job->node);
  list_push_back(&background->running, &job->node);
  background->pending_count--;
  background->running_count++;
  job->begun = true;
  timer_start(background->worker->loop.wheel, &job->longest, BACKGROUND_LONGEST_MS);
  uint64_t start = uv_hrtime();
  task_begin(job->task);
  uint64_t end = uv_hrtime(), spent = end - start;
  background->rest_until = spent > REST_LEAST_NS ? end + REST_FACTOR * spent : 0;
  arm(background);
}

/* ---- jobs ---- */

static void job_end(struct background_job *job) {
  struct background *background = job->background;
  if (job->begun) {
    background->running_count--;
  } else {
    background->pending_count--;
  }
  list_remove(&job->node);
  timer_stop(&job->longest);
  struct background_end end = job->end;
  free(job);
  if (end.call) end.call(end.owner, end.number);
}

static void job_gone(void *owner) {
  job_end(owner);
}

static void job_done(struct task *task, void *owner, const struct error *error) {
  struct background_job *job = owner;
  struct background *background = job->background;
  if (error) fault_note(background->worker, task, error, NULL);
  job_end(job);
  arm(background);
}

static void on_longest(struct timer *timer) {
  struct background_job *job = LIST_OWNER(timer, struct background_job, longest);
  struct background *background = job->background;
  log_begin(background->worker->log, LOG_WARN, "background work was stopped: it took too long");
  log_integer(background->worker->log, "limit_ms", BACKGROUND_LONGEST_MS);
  log_end(background->worker->log);
  task_cancel(job->task);
  arm(background);
}

bool background_add(struct background *background, lua_State *L, int argument_count) {
  return background_add_told(background, L, argument_count, (struct background_end){0});
}

bool background_add_told(struct background *background, lua_State *L, int argument_count, struct background_end end) {
  if (!background->worker || background->pending_count >= BACKGROUND_PENDING) return false;
  struct worker *worker = background->worker;
  struct task *task = task_prepare(vm_of(L), &worker->loop, L, argument_count);
  struct background_job *job = calloc(1, sizeof *job);
  REQUIRE(job != NULL);
  job->background = background;
  job->task = task;
  job->end = end;
  timer_init(&job->longest, on_longest);
  task_own(task, job, job_done, job_gone);
  list_push_back(&background->pending, &job->node);
  background->pending_count++;
  arm(background);
  return true;
}

bool background_idle(const struct background *background) {
  return background->pending_count + background->running_count == 0;
}

bool background_owns(const struct task *task) {
  return task_is(task, job_done);
}

/* ---- the worker's ---- */

void background_open(struct background *background, struct worker *worker) {
  *background = (struct background){.worker = worker};
  list_init(&background->pending);
  list_init(&background->running);
  timer_init(&background->rest, on_rest_over);
  uv_idle_init(&worker->loop.uv, &background->turn);
  background->turn.data = background;
}

static void cancel_all(struct list *jobs) {
  while (!list_empty(jobs)) task_cancel(LIST_OWNER(jobs->next, struct background_job, node)->task);
}

void background_close(struct background *background) {
  if (!background->worker) return;
  cancel_all(&background->pending);
  cancel_all(&background->running);
  timer_stop(&background->rest);
  uv_close((uv_handle_t *)&background->turn, NULL);
}
