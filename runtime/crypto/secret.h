// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Secrets and the randomness they are made of. */

/* Equal bytes? The time depends on `given`'s length alone: neither where they differ nor how long `expected` is shows.
 * An empty `expected` equals nothing. */
bool secret_equal(struct slice given, struct slice expected);

/* Overwrites memory in a way no compiler removes. */
void secret_cleanse(void *memory, size_t len);

/* A source of random bytes good enough for keys: the kernel's, fetched in batches. One per process and thread, opened
 * after the fork: two processes that share one would draw the same numbers. */
struct random;

struct random *random_open(void); /* null when memory is gone */
void random_close(struct random *random);

/* From now on the same numbers follow from the same seed: for specs and replays alone. Not for keys. */
void random_seed(struct random *random, uint64_t seed);
/* The kernel's randomness again. */
void random_unseed(struct random *random);

void random_bytes(struct random *random, void *out, size_t len);
/* Writes 2 * `bytes` lowercase hex digits, no NUL. */
void random_hex(struct random *random, char *out, size_t bytes);
/* Writes `len` of A-Z, a-z, 0-9, no NUL. */
void random_alphanumeric(struct random *random, char *out, size_t len);
/* Uniform in 0 .. bound - 1; `bound` at least 1. */
uint64_t random_below(struct random *random, uint64_t bound);
/* Uniform in [0, 1), 53 bits. */
double random_unit(struct random *random);
