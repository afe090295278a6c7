// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdio.h>
#include <sys/mman.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "shared/table.h"

#define UNUSED(x) (void)(x)

/* Small enough to be full soon. */
static const struct table_shape small_shape = {.stripes = 4, .stripe_blocks = 256, .block_size = 64, .value_max = 4096};

static inline struct table *area_open(const struct table_shape *shape) {
  void *memory = mmap(NULL, table_size(shape), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(memory != MAP_FAILED);
  return table_open(memory, shape);
}

static inline void area_close(struct table *table, const struct table_shape *shape) {
  munmap(table, table_size(shape));
}
