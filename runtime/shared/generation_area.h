// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "shared/generations.h"

/* Where a worker's statistics of a slot lie. Inside this room only. */
enum { GENERATION_STATS_WORKER = 64 << 10 };

char *generations_stats_memory(const struct generations *generations, unsigned slot, unsigned worker);
