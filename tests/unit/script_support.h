// SPDX-License-Identifier: Apache-2.0
#pragma once
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <ftw.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "script/vm.h"

/* A script folder of its own per test program, and a VM over it. */

struct play {
  char root[64];
  const char *roots[1];
};

static inline void play_open(struct play *play) {
  snprintf(play->root, sizeof play->root, "/tmp/moongate-script-XXXXXX");
  assert_non_null(mkdtemp(play->root));
  play->roots[0] = play->root;
}

static inline int play_remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status;
  (void)type;
  (void)walk;
  return remove(path);
}

static inline void play_close(struct play *play) {
  nftw(play->root, play_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes <root>/<path>, folders included. */
static inline void play_write_bytes(const struct play *play, const char *path, const void *bytes, size_t len) {
  char full[256];
  for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
    snprintf(full, sizeof full, "%s/%.*s", play->root, (int)(slash - path), path);
    mkdir(full, 0700);
  }
  snprintf(full, sizeof full, "%s/%s", play->root, path);
  FILE *file = fopen(full, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, len, file), len);
  fclose(file);
}

static inline void play_write(const struct play *play, const char *path, const char *text) {
  play_write_bytes(play, path, text, strlen(text));
}

static inline struct vm *play_vm(const struct play *play, size_t memory_limit, struct budget *budget) {
  struct error error = {0};
  struct vm *vm = vm_open(
      &(struct vm_options){
          .roots = play->roots, .root_count = 1, .memory_limit = memory_limit, .budget = budget, .host = (void *)play},
      &error);
  if (!vm) fail_msg("%s", error.message);
  return vm;
}

/* The same, and the VM sees it. */
static inline void play_put(const struct play *play, struct vm *vm, const char *path, const char *text) {
  struct error error = {0};
  play_write(play, path, text);
  if (vm_refresh(vm, &error) < 0) fail_msg("%s", error.message);
}

/* Milliseconds of CPU this thread has used. */
static inline double cpu_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Sanitizers slow a script down without slowing its clock: bounds of time are wider there. */
#if defined(__SANITIZE_ADDRESS__)
enum { SLOWNESS = 10 };
#else
enum { SLOWNESS = 1 };
#endif
