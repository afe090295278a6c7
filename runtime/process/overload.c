// SPDX-License-Identifier: Apache-2.0
#include "process/overload.h"

#include <malloc.h>

#include "base/memory.h"
#include "process/call.h"
#include "process/worker.h"

enum {
  LATE_TICKS = 4,           /* of a second and more, with what they are late */
  SMALL_BODY = 64 * 1024,   /* need no promise */
  LARGE_BODY = 1024 * 1024, /* are the first that are refused */
  BODY_TIMES = 2,           /* a body that is being collected, and what it is copied into */
  TRIM_TICKS = 4,
};

static void on_turn(struct loop_job *job) {
  struct worker *worker = LIST_OWNER(job, struct worker, overload.job);
  worker->overload.waited = loop_now(&worker->loop) - worker->overload.queued;
}

void overload_open(struct worker *worker) {
  loop_job_init(&worker->overload.job, on_turn);
}

/* Without one of its own: what the system leaves, and a reserve for those who come to look. */
void overload_configure(struct worker *worker) {
  uint64_t given = worker->settings.overload_memory_bytes;
  worker->overload.budget = given > 0 ? given : memory_limit() / 10 * 9;
}

/* From here on large bodies wait outside. */
static bool is_tight(const struct overload *overload, uint64_t used) {
  return used > overload->budget / 5 * 4;
}

static void tell(struct worker *worker, bool refusing, const char *reason) {
  log_begin(worker->log, LOG_WARN, refusing ? "overloaded: new requests are refused" : "no longer overloaded");
  log_text(worker->log, "reason", slice_text(reason));
  log_integer(worker->log, "memory_bytes", (long long)segment_memory(worker->segment));
  log_integer(worker->log, "budget_bytes", (long long)worker->overload.budget);
  log_end(worker->log);
}

/* How long a job has waited for its turn that was put behind all others at the last look; another one waits now. */
static uint64_t turn_wait(struct worker *worker, uint64_t now) {
  struct overload *overload = &worker->overload;
  if (!list_empty(&overload->job.node)) return now - overload->queued;
  overload->queued = now;
  loop_defer(&worker->loop, &overload->job);
  loop_put_off(&worker->loop, &overload->job);
  return overload->waited;
}

/* In milliseconds. */
static uint64_t lag_of(struct worker *worker, uint64_t now) {
  uint64_t due = worker->overload.ticked + OVERLOAD_TICK_MS, wait = turn_wait(worker, now);
  uint64_t late = worker->overload.ticked && now > due ? now - due : 0;
  return late > wait ? late : wait;
}

static void lag_note(struct worker *worker) {
  struct overload *overload = &worker->overload;
  uint64_t now = loop_now(&worker->loop), lag = lag_of(worker, now);
  unsigned limit = worker->settings.overload_lag_ms;
  if (overload->lagging) limit = (limit + 1) / 2; /* no door that swings */
  overload->ticked = now;
  overload->late = limit > 0 && lag >= limit ? overload->late + 1 : 0;
  bool lagging = overload->late >= LATE_TICKS;
  if (lagging != overload->lagging) tell(worker, lagging, "loop_lag");
  overload->lagging = lagging;
  metric_set(metrics_series(worker->metrics, METRIC_LOOP_LAG, NULL, 0), (int64_t)lag * 1000);
}

/* What was freed lies with the allocator, which gives large blocks back late. */
static void memory_return(struct overload *overload) {
  if (overload->trim > 0) {
    overload->trim--;
    return;
  }
  malloc_trim(0);
  overload->trim = TRIM_TICKS;
}

/* Every worker goes by it from here on; one line of the log is enough for all. */
static void verdict_share(struct worker *worker, uint64_t used) {
  uint64_t budget = worker->overload.budget;
  uint64_t most = overload_full(worker) ? budget / 20 * 19 : budget; /* no door that swings */
  bool full = budget > 0 && used > most;
  if (atomic_exchange(&worker->segment->full, full) != full) tell(worker, full, "memory");
}

static void memory_note(struct worker *worker) {
  struct overload *overload = &worker->overload;
  struct worker_slot *slot = &worker->segment->workers[worker->index];
  atomic_fetch_sub(&slot->promised, overload->settled);
  overload->settled = 0;
  atomic_store(&slot->memory, memory_own());
  uint64_t used = segment_memory(worker->segment);
  if (overload->budget > 0 && is_tight(overload, used)) {
    memory_return(overload);
    atomic_store(&slot->memory, memory_own());
    used = segment_memory(worker->segment);
  }
  verdict_share(worker, used);
}

bool overload_full(const struct worker *worker) {
  return atomic_load_explicit(&worker->segment->full, memory_order_relaxed);
}

void overload_tick(struct worker *worker) {
  lag_note(worker);
  memory_note(worker);
}

/* 0: not worth a promise. A body of unknown length is taken for a large one. */
static uint64_t body_expected(const struct call *call) {
  const struct http_request *request = exchange_request(call->exchange);
  if (!request->has_body || (call->route->methods & BODY_STREAMS)) return 0;
  if (request->body_length == 0) return LARGE_BODY + 1;
  return request->body_length > SMALL_BODY ? request->body_length : 0;
}

const char *overload_judge(struct call *call) {
  struct overload *overload = &call->worker->overload;
  if (overload->lagging) return "loop_lag";
  if (overload_full(call->worker)) return "memory";
  uint64_t body = body_expected(call);
  if (body == 0 || overload->budget == 0) return NULL;
  uint64_t used = segment_memory(call->worker->segment), wanted = body * BODY_TIMES;
  if (body > LARGE_BODY && is_tight(overload, used)) return "body";
  if (used + wanted > overload->budget) return "body";
  call->promised = wanted;
  atomic_fetch_add(&call->worker->segment->workers[call->worker->index].promised, wanted);
  return NULL;
}

void overload_settle(struct call *call) {
  call->worker->overload.settled += call->promised;
  call->promised = 0;
}

void overload_release(struct call *call) {
  if (call->promised == 0) return;
  atomic_fetch_sub(&call->worker->segment->workers[call->worker->index].promised, call->promised);
  call->promised = 0;
}
