// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

/* A bounded hash table in shared memory: counters, buckets and bytes with a time to live, for all processes. It is
 * divided into stripes, each with a robust lock of its own: a process that is killed at any instant, also inside,
 * blocks nobody. What it left half-linked costs that stripe its entries; a number is never half-written. When a stripe
 * is full, an entry that is expired, refillable or long unused makes room. Every operation is bounded and one atomic
 * step.
 *
 * `now` is table_now(), or a clock of the caller's own. Times are nanoseconds; a time to live of 0 means for ever. */
struct table;

enum { TABLE_KEY_MAX = 512 };

struct table_shape {
  unsigned stripes, stripe_blocks; /* powers of two */
  unsigned block_size;             /* an entry takes whole blocks; at least 64, divisible by 16 */
  size_t value_max;                /* at most half a stripe */
};

/* The two instances of the program: many small entries, and fewer large ones. */
extern const struct table_shape table_values_shape, table_cache_shape;

/* Bytes of zeroed shared memory the table needs, 64-byte aligned. Only what is used becomes real. */
size_t table_size(const struct table_shape *shape);
/* Makes the table in it, before the fork: the result is at the same address in every process, and part of `memory`. */
struct table *table_open(void *memory, const struct table_shape *shape);

uint64_t table_now(void);

enum table_result {
  TABLE_OK,
  TABLE_ABSENT,  /* no such key */
  TABLE_PRESENT, /* the key is there already */
  TABLE_KIND,    /* the key holds something else than this operation works on */
  TABLE_LARGE,   /* key or value exceed the limits */
  TABLE_RANGE,   /* the number would leave its range or its limit */
};

struct table_value {
  bool is_number;
  double number;
  struct slice bytes;
};

/* Copies bytes into `bytes`, which `out` then borrows. A bucket has no value: TABLE_KIND. */
enum table_result table_get(struct table *table, struct slice key, uint64_t now, struct table_value *out,
                            struct buffer *bytes);
enum table_result table_set(struct table *table, struct slice key, const struct table_value *value, uint64_t ttl,
                            uint64_t now);
/* The same, unless the key is there. */
enum table_result table_add(struct table *table, struct slice key, const struct table_value *value, uint64_t ttl,
                            uint64_t now);
/* With `expected` only what holds exactly these bytes: whoever put its own mark there takes no other's away. */
enum table_result table_delete(struct table *table, struct slice key, const struct slice *expected, uint64_t now);

struct table_step {
  double by;
  double limit; /* the sum may not pass it upwards; INFINITY = none */
  uint64_t ttl; /* for a key that is made by this */
};

/* Adds to a number; an absent one is 0. TABLE_RANGE: nothing was added. `out` is the number in either case. */
enum table_result table_incr(struct table *table, struct slice key, const struct table_step *step, uint64_t now,
                             double *out);

/* What is left of the time to live; 0 = for ever. */
enum table_result table_ttl(struct table *table, struct slice key, uint64_t now, uint64_t *out);
enum table_result table_expire(struct table *table, struct slice key, uint64_t ttl, uint64_t now);

/* A token bucket: starts full, refills all the time, is forgotten when it is full again. */
struct table_bucket {
  double rate; /* tokens a second, above 0 */
  double burst;
  double tokens; /* wanted; 0 asks what is there */
};

struct table_taken {
  bool allowed;
  double remaining;
  double retry_after; /* seconds until these tokens are there; 0 when allowed */
};

/* Takes the tokens when all of them are there. */
enum table_result table_take(struct table *table, struct slice key, const struct table_bucket *bucket, uint64_t now,
                             struct table_taken *out);
/* Gives tokens back, or with a negative number takes them although they are not there: what a reservation and the real
 * consumption differ by. */
enum table_result table_settle(struct table *table, struct slice key, const struct table_bucket *bucket, uint64_t now,
                               struct table_taken *out);

struct table_stats {
  uint64_t entries, bytes, capacity, hits, misses, evictions, resets;
};

void table_stats(struct table *table, struct table_stats *out);
