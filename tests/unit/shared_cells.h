// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "shared/health_queue.h"

#define UNUSED(x) (void)(x)

/* One target that several processes are at, and what they tell the test. */
enum { CHILDREN = 4, NOW = 1000000 };

struct scene {
  struct health_place place;
  _Atomic unsigned ready; /* a starting line */
  _Atomic unsigned inside[CHILDREN], most;
  _Atomic unsigned entered, opened, closed, stop, rounds;
  _Atomic uint64_t now;
};

static inline struct scene *scene_open(struct health_place rules) {
  size_t size = (sizeof(struct scene) + 63) & ~(size_t)63;
  char *memory = mmap(NULL, size + health_size(CHILDREN), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(memory != MAP_FAILED);
  struct scene *scene = (struct scene *)(void *)memory;
  scene->place = rules;
  scene->place.health = health_open(memory + size, CHILDREN);
  scene->place.cell = scene->place.target = health_find(scene->place.health, slice_text("target"), 0);
  scene->now = NOW;
  breaker_rules_complete(&scene->place.breaker);
  return scene;
}

static inline void scene_close(struct scene *scene) {
  munmap(scene, ((sizeof(struct scene) + 63) & ~(size_t)63) + health_size(CHILDREN));
}

typedef void (*scene_part)(struct scene *scene, unsigned worker);

static inline pid_t child_start(struct scene *scene, unsigned worker, scene_part part) {
  pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
  part(scene, worker);
  _exit(0);
}

static inline void in_children(struct scene *scene, scene_part part) {
  pid_t children[CHILDREN];
  for (unsigned i = 0; i < CHILDREN; i++) children[i] = child_start(scene, i, part);
  for (unsigned i = 0; i < CHILDREN; i++) {
    int status = 0;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_int_equal(status, 0);
  }
}

/* Nobody is at the target any more, and no probe is out. */
static inline void assert_all_is_back(const struct scene *scene) {
  struct health_load load = health_load(scene->place.health, scene->place.target);
  assert_int_equal(load.in_flight, 0);
  assert_int_equal(load.waiting, 0);
  assert_int_equal(health_queue_first(scene->place.health, scene->place.target, 0), CHILDREN);
  for (unsigned i = 0; i < BREAKER_PROBES_MAX; i++) assert_true((scene->place.cell->breaker.probes[i] & 0xff) == 0);
}
