// SPDX-License-Identifier: Apache-2.0
#include "process/generation.h"

#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "process/prepare.h"
#include "process/schedule.h"
#include "process/tell.h"
#include "process/worker.h"

/* ---- one generation ---- */

struct generation *generation_new(struct worker *worker, uint64_t word) {
  struct generations *shared = worker->desk.shared;
  struct generation *generation = calloc(1, sizeof *generation);
  REQUIRE(generation != NULL);
  generation->worker = worker;
  generation->word = word;
  generation->slot = generation_word_slot(word);
  generation->number = atomic_load(&shared->slots[generation->slot].number);
  generation->settings = shared->slots[generation->slot].settings;
  list_init(&generation->node);
  list_init(&generation->schedules);
  event_plans_init(&generation->listeners);
  loop_job_init(&generation->end, generation_end);
  return generation;
}

void generation_free(struct generation *generation) {
  loop_job_cancel(&generation->end);
  list_remove(&generation->node);
  schedules_end(generation);
  event_plans_free(&generation->listeners);
  if (generation->vm) vm_close(generation->vm);
  generation_notes_free(generation);
  buffer_free(&generation->bytes);
  free(generation);
}

static uint64_t cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void generation_end(struct loop_job *job) {
  struct generation *generation = LIST_OWNER(job, struct generation, end);
  uint64_t number = generation->number, begun = cpu_ns();
  struct worker *worker = generation->worker;
  generation_free(generation);
  log_begin(worker->log, LOG_DEBUG, "generation closed");
  log_integer(worker->log, "generation", (long long)number);
  log_decimal(worker->log, "cpu_ms", (double)(cpu_ns() - begun) / 1e6, 3);
  log_end(worker->log);
}

/* Once it is retired and nothing leans on it, it ends; never inside of a callback of its own. */
static void end_when_idle(struct generation *generation) {
  if (!generation->retired || generation->calls > 0 || vm_tasks(generation->vm) > 0) return;
  loop_defer(&generation->worker->loop, &generation->end);
}

static void on_vm_idle(struct vm *vm, void *owner) {
  (void)vm;
  end_when_idle(owner);
}

static void retire(struct generation *generation) {
  generation->retired = true;
  schedules_end(generation);
  list_push_back(&generation->worker->desk.retired, &generation->node);
  vm_on_idle(generation->vm, on_vm_idle, generation);
  end_when_idle(generation);
}

/* ---- which one is active ---- */

static void take_over(struct worker *worker, struct generation *generation) {
  struct generation *before = worker->generation;
  worker->generation = generation;
  worker->vm = generation->vm;
  worker_settings_apply(worker, &generation->settings);
  tell_generation(worker, generation);
  if (before) retire(before);
}

static void switch_over(struct worker *worker, uint64_t word) {
  struct generation_desk *desk = &worker->desk;
  struct generation *candidate = desk->candidate;
  if (!candidate || candidate->word != word || candidate->step != STEP_READY) return;
  desk->candidate = NULL;
  candidate->number = atomic_load(&desk->shared->slots[candidate->slot].number);
  take_over(worker, candidate);
}

void generation_follow(struct worker *worker) {
  if (!worker->generation) return;
  uint64_t active = atomic_load_explicit(&worker->desk.shared->active, memory_order_acquire);
  if (active != worker->generation->word) switch_over(worker, active);
}

struct generation *generation_enter(struct worker *worker) {
  if (!worker->generation) return NULL;
  generation_follow(worker);
  worker->generation->calls++;
  return worker->generation;
}

void generation_leave(struct generation *generation) {
  if (!generation) return;
  REQUIRE(generation->calls > 0);
  generation->calls--;
  end_when_idle(generation);
}

/* A replay's VM is of no generation. */
static int load_bundle(struct worker *worker, struct error *error) {
  const struct worker_program *program = worker->program;
  struct vm_options options = {.bundle = program->bundle,
                               .memory_limit = (size_t)worker->settings.script_memory_bytes,
                               .budget = worker->budget,
                               .host = worker,
                               .open_doors = program->open_doors};
  worker->vm = vm_open(&options, error);
  return worker->vm ? generation_load_vm(worker->vm, error) : -1;
}

int generation_load(struct worker *worker, struct error *error) {
  if (!worker->desk.shared) return load_bundle(worker, error);
  uint64_t active = atomic_load(&worker->desk.shared->active);
  struct generation *generation = generation_new(worker, active);
  if (prepare_at_once(generation, error) < 0) {
    generation_free(generation);
    return -1;
  }
  take_over(worker, generation);
  return 0;
}

/* ---- the supervisor's news ---- */

void generation_look(struct generation_desk *desk) {
  struct worker *worker = desk->worker;
  if (!worker->generation) return;
  tell_refused(worker);
  uint64_t candidate = atomic_load(&desk->shared->candidate), active = atomic_load(&desk->shared->active);
  if (active != worker->generation->word) switch_over(worker, active);
  if (desk->candidate && desk->candidate->word != candidate && desk->candidate->word != active) prepare_stop(desk);
  bool answered = atomic_load(&desk->shared->voices[worker->index].answered) == candidate;
  if (candidate && candidate != active && !answered && !desk->candidate) prepare_start(desk, candidate);
}

static void on_news(uv_signal_t *handle, int number) {
  (void)number;
  struct generation_desk *desk = handle->data;
  generation_look(desk);
  wishes_look(desk->worker);
}

void generation_desk_open(struct generation_desk *desk, struct worker *worker) {
  desk->worker = worker;
  list_init(&desk->retired);
  prepare_open(desk);
  uv_signal_init(&worker->loop.uv, &desk->news);
  desk->news.data = desk;
  uv_signal_start(&desk->news, on_news, SIGUSR1);
  uv_unref((uv_handle_t *)&desk->news);
}

void generation_desk_close(struct generation_desk *desk) {
  if (desk->candidate) prepare_stop(desk);
  if (desk->worker->generation) schedules_end(desk->worker->generation);
  uv_close((uv_handle_t *)&desk->turn, NULL);
  uv_close((uv_handle_t *)&desk->news, NULL);
}

void generation_desk_free(struct generation_desk *desk) {
  while (!list_empty(&desk->retired)) generation_free(LIST_OWNER(desk->retired.next, struct generation, node));
  if (desk->worker->generation) {
    generation_free(desk->worker->generation);
  } else if (desk->worker->vm) {
    vm_close(desk->worker->vm);
  }
  desk->worker->generation = NULL;
  desk->worker->vm = NULL;
}
