// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/slice.h"

/* One of many, as weights say: drawn by chance, or by a key that always leads to the same ones (rendezvous hashing:
 * when one is gone, its keys alone move, spread over the others by their weights). Entries are numbered from 0 in the
 * order in which they were added; an entry of weight 0 is never drawn. */
struct draw;

struct draw *draw_new(size_t capacity); /* owned by the caller */
void draw_free(struct draw *draw);
/* `name` decides which keys lead to the entry; it is only read. At most `capacity` times. */
void draw_add(struct draw *draw, struct slice name, double weight);

enum { DRAW_NONE = -1, DRAW_RANKED_MAX = 8 };

/* The entry for `unit` from [0, 1), or DRAW_NONE when none has a weight. */
long draw_chance(const struct draw *draw, double unit);

/* The first `most` (up to DRAW_RANKED_MAX) entries for a key, best first; how many there are. */
size_t draw_ranked(const struct draw *draw, uint64_t key, long *best, size_t most);

/* Puts one into the list of the best `most`, which is sorted and has `count` of them already; of equal ones the first
 * stays in front. How many there are then. */
size_t draw_best(double *scores, long *best, size_t count, size_t most, double score, long index);
/* Whether it would find a place there. */
static inline bool draw_beats(const double *scores, size_t count, size_t most, double score) {
  return count < most || score > scores[count - 1];
}

/* A hash of `bytes` that is the same in every process, on every machine and day. Not for tables whose keys an attacker
 * may choose: that is map_hash. */
uint64_t draw_hash(struct slice bytes);
/* A hash as a number of [0, 1). */
double draw_unit(uint64_t hash);
