// SPDX-License-Identifier: Apache-2.0
#include "loop/loop.h"

#include <stdlib.h>

#include "base/check.h"

/* How long jobs may keep the loop from its sockets and timers. */
static const uint64_t turn_ns = 5000000;

static void on_more(uv_idle_t *handle) {
  (void)handle; /* its being active keeps the loop from waiting */
}

static void first_run(struct list *jobs) {
  struct loop_job *job = LIST_OWNER(jobs->next, struct loop_job, node);
  list_remove(&job->node);
  job->run(job);
}

bool loop_busy(const struct loop *loop) {
  return !list_empty(&loop->ready) || !list_empty(&loop->later);
}

static void jobs_run(struct loop *loop) {
  uint64_t until = uv_hrtime() + turn_ns;
  while (loop_busy(loop)) {
    first_run(list_empty(&loop->ready) ? &loop->later : &loop->ready);
    if (uv_hrtime() < until) continue;
    if (!list_empty(&loop->later)) first_run(&loop->later); /* one a turn in any case */
    break;
  }
  if (loop_busy(loop)) {
    uv_idle_start(&loop->more, on_more);
  } else {
    uv_idle_stop(&loop->more);
  }
}

static void on_prepare(uv_prepare_t *handle) {
  jobs_run(handle->data);
}

static void on_check(uv_check_t *handle) {
  jobs_run(handle->data);
}

int loop_open(struct loop *loop) {
  int status = uv_loop_init(&loop->uv);
  if (status < 0) return status;
  loop->uv.data = loop;
  loop->read_buffer = malloc(LOOP_READ_SIZE);
  REQUIRE(loop->read_buffer != NULL);
  loop->wheel = timer_wheel_open(&loop->uv);
  list_init(&loop->ready);
  list_init(&loop->later);
  uv_prepare_init(&loop->uv, &loop->before_wait);
  uv_check_init(&loop->uv, &loop->after_wait);
  uv_idle_init(&loop->uv, &loop->more);
  loop->before_wait.data = loop->after_wait.data = loop;
  uv_prepare_start(&loop->before_wait, on_prepare);
  uv_check_start(&loop->after_wait, on_check);
  uv_unref((uv_handle_t *)&loop->before_wait);
  uv_unref((uv_handle_t *)&loop->after_wait);
  return 0;
}

static void close_leftover(uv_handle_t *handle, void *count) {
  if (uv_is_closing(handle)) return;
  ++*(int *)count;
  uv_close(handle, NULL);
}

int loop_close(struct loop *loop) {
  int leftover = 0;
  timer_wheel_close(loop->wheel);
  uv_close((uv_handle_t *)&loop->before_wait, NULL);
  uv_close((uv_handle_t *)&loop->after_wait, NULL);
  uv_close((uv_handle_t *)&loop->more, NULL);
  uv_run(&loop->uv, UV_RUN_NOWAIT);
  uv_walk(&loop->uv, close_leftover, &leftover);
  while (uv_loop_close(&loop->uv) == UV_EBUSY) uv_run(&loop->uv, UV_RUN_ONCE);
  free(loop->read_buffer);
  return leftover;
}

void loop_run(struct loop *loop) {
  uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop) {
  uv_stop(&loop->uv);
}

uint64_t loop_now(const struct loop *loop) {
  return uv_now(&loop->uv);
}

void loop_job_init(struct loop_job *job, void (*run)(struct loop_job *job)) {
  list_init(&job->node);
  job->run = run;
}

void loop_defer(struct loop *loop, struct loop_job *job) {
  if (list_empty(&job->node)) list_push_back(&loop->ready, &job->node);
}

void loop_put_off(struct loop *loop, struct loop_job *job) {
  if (list_empty(&job->node)) return;
  list_remove(&job->node);
  list_push_back(&loop->later, &job->node);
}

void loop_job_cancel(struct loop_job *job) {
  list_remove(&job->node);
}

void loop_read_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)suggested;
  struct loop *loop = handle->loop->data;
  *buf = uv_buf_init(loop->read_buffer, LOOP_READ_SIZE);
}
