// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

/* Bytes of memory that this process alone holds right now: not the program's file, not what is shared. 0: unknown. */
uint64_t memory_own(void);

/* Bytes the program may use before the system ends it: the tightest limit of its control groups, or the machine's
 * memory. 0: unknown. */
uint64_t memory_limit(void);
