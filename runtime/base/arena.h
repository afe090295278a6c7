// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/slice.h"

/* Memory of one request, dropped whole. Zero-initialised is empty and valid. */
struct arena {
  struct arena_block *blocks; /* owned; newest first */
};

/* 16-byte aligned, zeroed. Never null: sizes are bounded by limits before they arrive here. */
void *arena_alloc(struct arena *arena, size_t size);

/* A private copy of `bytes`, valid until the arena is freed. */
struct slice arena_copy(struct arena *arena, struct slice bytes);

/* Forgets everything but keeps one block for what comes next. */
void arena_reset(struct arena *arena);

/* Frees everything; the arena is empty and valid again. */
void arena_free(struct arena *arena);
