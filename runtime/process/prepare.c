// SPDX-License-Identifier: Apache-2.0
#include "process/prepare.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "process/worker.h"
#include "script/bundle.h"
#include "script/task.h"

/* What a preparation may take of a turn of the loop. */
enum { SLICE_NS = 1000000 };

/* ---- the steps ---- */

/* The slot may be given up at any time: the bundle is copied, and only counts when the word is still good. */
static int bundle_copy(struct generation *generation, struct bundle *bundle, struct error *error) {
  struct generations *shared = generation->worker->desk.shared;
  buffer_append_slice(&generation->bytes, generations_part(shared, generation->slot, GENERATION_BUNDLE));
  generations_unmap(shared, generation->slot, GENERATION_BUNDLE);
  bool wanted = atomic_load(&shared->candidate) == generation->word || atomic_load(&shared->active) == generation->word;
  if (wanted && bundle_view(bundle, buffer_slice(&generation->bytes))) return 0;
  return error_set(error, 500, "script_error", "the generation is gone");
}

static int vm_make(struct generation *generation, struct error *error) {
  struct worker *worker = generation->worker;
  struct bundle bundle;
  if (bundle_copy(generation, &bundle, error) < 0) return -1;
  struct vm_options options = {.bundle = &bundle,
                               .memory_limit = (size_t)generation->settings.script_memory_bytes,
                               .budget = worker->budget,
                               .host = worker,
                               .generation = generation,
                               .open_doors = worker->program->open_doors};
  generation->vm = vm_open(&options, error);
  return generation->vm ? 0 : -1;
}

static void everything_is_loaded(struct generation *generation) {
  vm_let_go(generation->vm);
  buffer_free(&generation->bytes);
  generation->step = STEP_READY;
}

int generation_load_vm(struct vm *vm, struct error *error) {
  if (vm_require(vm, "init", error) < 0) return -1;
  if (vm_push_function(vm, vm_state(vm), "init", "prepare")) return vm_call(vm, 0, 0, error);
  return error_set(error, 500, "script_error", "lua/init.lua has no prepare()");
}

int prepare_at_once(struct generation *generation, struct error *error) {
  if (vm_make(generation, error) < 0 || generation_load_vm(generation->vm, error) < 0) return -1;
  everything_is_loaded(generation);
  return 0;
}

/* ---- the answer ---- */

static void answer(struct generation_desk *desk, uint64_t word, const char *reason) {
  struct generation_voice *voice = &desk->shared->voices[desk->worker->index];
  snprintf(voice->reason, sizeof voice->reason, "%s", reason ? reason : "");
  atomic_store(&voice->refused, reason != NULL);
  atomic_store(&voice->answered, word);
  pid_t supervisor = atomic_load(&desk->shared->supervisor);
  if (supervisor > 1) kill(supervisor, SIGUSR1);
}

static void give_up(struct generation_desk *desk, const char *reason) {
  uint64_t word = desk->candidate->word;
  prepare_stop(desk);
  answer(desk, word, reason);
}

/* The last coroutine of the candidate is over; this is inside of it. */
static void on_opened(struct task *task, void *owner, const struct error *error) {
  struct generation *generation = owner;
  (void)task;
  generation->task = NULL;
  generation->compiled = 0;
  if (error) snprintf(generation->failure, sizeof generation->failure, "%s", error->message);
}

static void prepared_log(const struct generation_desk *desk, const struct generation *generation) {
  struct log *log = desk->worker->log;
  log_begin(log, LOG_DEBUG, "generation prepared");
  log_decimal(log, "took_ms", (double)(uv_hrtime() - generation->begun_ns) / 1e6, 3);
  log_decimal(log, "cpu_ms", (double)desk->cpu_ns / 1e6, 3);
  log_decimal(log, "longest_cpu_ms", (double)desk->longest_ns / 1e6, 3);
  log_integer(log, "longest_step", (long long)desk->longest_step);
  log_integer(log, "script_bytes", (long long)vm_memory(generation->vm));
  log_end(log);
}

static void finish(struct generation_desk *desk, struct generation *generation) {
  if (generation->failure[0]) {
    char reason[GENERATION_NOTE_SIZE];
    snprintf(reason, sizeof reason, "%s", generation->failure);
    give_up(desk, reason);
    return;
  }
  everything_is_loaded(generation);
  uv_idle_stop(&desk->turn);
  prepared_log(desk, generation);
  answer(desk, generation->word, NULL);
}

/* ---- a slice ---- */

static int open_begin(struct generation *generation, struct error *error) {
  struct vm *vm = generation->vm;
  if (!vm_push_function(vm, vm_state(vm), "init", "prepare")) {
    return error_set(error, 500, "script_error", "lua/init.lua has no prepare()");
  }
  generation->task = task_start(vm, &generation->worker->loop, vm_state(vm), 0, on_opened, generation);
  task_set_up(generation->task);
  return 0;
}

static int slice_run(struct generation *generation, struct error *error) {
  switch (generation->step) {
    case STEP_COPY:
      generation->step = STEP_COMPILE;
      return vm_make(generation, error);
    case STEP_COMPILE:
      if (!vm_compile(generation->vm, &generation->compiled, SLICE_NS)) generation->step = STEP_REQUIRE;
      return 0;
    case STEP_REQUIRE:
      generation->step = STEP_OPEN;
      if (vm_require(generation->vm, "init", error) < 0) return -1;
      return open_begin(generation, error);
    default:
      if (generation->task && generation->pause) task_wake(generation->task, generation->pause);
      generation->pause = 0;
      return 0;
  }
}

static uint64_t cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void note_slice(struct generation_desk *desk, const struct generation *generation) {
  uint64_t took = cpu_ns() - generation->slice_cpu_ns;
  if (!generation->slice_ns) return;
  desk->cpu_ns += took;
  if (took <= desk->longest_ns) return;
  desk->longest_ns = took;
  desk->longest_step = generation->step;
}

static void on_turn(uv_idle_t *turn) {
  struct generation_desk *desk = turn->data;
  struct generation *generation = desk->candidate;
  struct error error = {0};
  if (generation->step == STEP_OPEN && !generation->task) {
    finish(desk, generation);
    return;
  }
  generation->slice_ns = uv_hrtime();
  generation->slice_cpu_ns = cpu_ns();
  if (slice_run(generation, &error) < 0) {
    give_up(desk, error.message);
  } else if (generation->step <= STEP_OPEN) {
    note_slice(desk, generation);
  }
}

bool generation_pause(struct generation *generation, struct lua_State *L) {
  if (!generation || !generation->task || uv_hrtime() - generation->slice_ns < SLICE_NS) return false;
  generation->pause = task_pause(L);
  if (generation->pause) note_slice(&generation->worker->desk, generation);
  return generation->pause != 0;
}

/* ---- from outside ---- */

void prepare_open(struct generation_desk *desk) {
  uv_idle_init(&desk->worker->loop.uv, &desk->turn);
  desk->turn.data = desk;
}

void prepare_start(struct generation_desk *desk, uint64_t word) {
  desk->candidate = generation_new(desk->worker, word);
  desk->candidate->begun_ns = uv_hrtime();
  desk->longest_ns = desk->cpu_ns = 0;
  uv_idle_start(&desk->turn, on_turn);
}

void prepare_stop(struct generation_desk *desk) {
  struct generation *generation = desk->candidate;
  desk->candidate = NULL;
  uv_idle_stop(&desk->turn);
  generation_free(generation);
}
