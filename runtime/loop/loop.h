// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <uv.h>

#include "base/list.h"
#include "loop/timer.h"

enum { LOOP_READ_SIZE = 64 * 1024 };

/* One event loop and what all its sockets share. Owned by the worker (or a test). */
struct loop {
  uv_loop_t uv;
  char *read_buffer;         /* LOOP_READ_SIZE bytes, valid inside one read callback only */
  struct timer_wheel *wheel; /* owned */
  struct list ready;         /* jobs to run before the loop waits again */
  struct list later;         /* and those that others go before */
  uv_prepare_t before_wait;
  uv_check_t after_wait;
  uv_idle_t more; /* active while jobs are left over for the next turn */
};

/* Work put off until the library's callback has returned: no script ever runs inside one. Lives in its owner. Jobs that
 * take long together are spread over turns: a crowd of slow scripts does not keep the loop from sockets and timers. */
struct loop_job {
  struct list node;
  void (*run)(struct loop_job *job);
};

int loop_open(struct loop *loop);

/* Closes every handle that is still open, runs the loop until all close callbacks have run, frees. Returns the number
 * of handles that nobody had closed before (a leak, where it is not a test that expects them). */
int loop_close(struct loop *loop);

/* Runs until loop_stop or until nothing is left to wait for. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Milliseconds on the monotonic clock, as of this turn's start. */
uint64_t loop_now(const struct loop *loop);

void loop_job_init(struct loop_job *job, void (*run)(struct loop_job *job));
void loop_defer(struct loop *loop, struct loop_job *job);   /* a job already waiting stays where it is */
void loop_put_off(struct loop *loop, struct loop_job *job); /* one that waits: it comes behind whatever else does */
bool loop_busy(const struct loop *loop);                    /* jobs wait */
void loop_job_cancel(struct loop_job *job);

/* The allocation callback of every stream: hands out the shared read buffer. `handle->loop->data` is the loop. */
void loop_read_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
