// SPDX-License-Identifier: Apache-2.0
#include "base/draw.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"

/* Those with a weight alone. */
struct draw {
  size_t added, count;
  bool even; /* all weights are the same */
  struct drawn {
    long index;
    uint64_t seed;
    double weight, sum; /* sum: of the weights up to this one */
  } entries[];
};

struct draw *draw_new(size_t capacity) {
  struct draw *draw = calloc(1, sizeof *draw + capacity * sizeof draw->entries[0]);
  REQUIRE(draw != NULL);
  draw->even = true;
  return draw;
}

void draw_free(struct draw *draw) {
  free(draw);
}

void draw_add(struct draw *draw, struct slice name, double weight) {
  long index = (long)draw->added++;
  if (!(weight > 0)) return;
  const struct drawn *before = draw->count > 0 ? &draw->entries[draw->count - 1] : NULL;
  draw->entries[draw->count++] = (struct drawn){
      .index = index, .seed = draw_hash(name), .weight = weight, .sum = (before ? before->sum : 0) + weight};
  if (before && before->weight != weight) draw->even = false;
}

/* ---- by chance ---- */

long draw_chance(const struct draw *draw, double unit) {
  if (draw->count == 0) return DRAW_NONE;
  double wanted = unit * draw->entries[draw->count - 1].sum;
  size_t low = 0, high = draw->count - 1;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (wanted < draw->entries[middle].sum) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return draw->entries[low].index;
}

/* ---- by a key ---- */

/* The finaliser of splitmix64: every bit of the input moves half of the output's. */
static uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

double draw_unit(uint64_t hash) {
  return (double)(hash >> 11) * 0x1p-53;
}

/* The largest of u^(1/w) wins, as its logarithm. */
static double unit_of(const struct drawn *entry, uint64_t key) {
  return draw_unit(mix(key ^ entry->seed)) + 0x1p-54; /* never 0 */
}

size_t draw_best(double *scores, long *best, size_t count, size_t most, double value, long index) {
  if (!draw_beats(scores, count, most, value)) return count;
  size_t at = count < most ? count : most - 1;
  for (; at > 0 && scores[at - 1] < value; at--) {
    scores[at] = scores[at - 1];
    best[at] = best[at - 1];
  }
  scores[at] = value;
  best[at] = index;
  return count < most ? count + 1 : count;
}

/* Without a difference of weights u alone says the same. */
static size_t rank_even(const struct draw *draw, uint64_t key, long *best, size_t most) {
  double scores[DRAW_RANKED_MAX];
  size_t count = 0;
  for (size_t i = 0; i < draw->count; i++) {
    const struct drawn *entry = &draw->entries[i];
    count = draw_best(scores, best, count, most, unit_of(entry, key), entry->index);
  }
  return count;
}

/* log(u) is at most u - 1: most need no logarithm. */
static size_t rank_weighted(const struct draw *draw, uint64_t key, long *best, size_t most) {
  double scores[DRAW_RANKED_MAX];
  size_t count = 0;
  for (size_t i = 0; i < draw->count; i++) {
    const struct drawn *entry = &draw->entries[i];
    double unit = unit_of(entry, key);
    if (count == most && (unit - 1) / entry->weight < scores[count - 1]) continue;
    count = draw_best(scores, best, count, most, log(unit) / entry->weight, entry->index);
  }
  return count;
}

size_t draw_ranked(const struct draw *draw, uint64_t key, long *best, size_t most) {
  REQUIRE(most >= 1 && most <= DRAW_RANKED_MAX);
  return draw->even ? rank_even(draw, key, best, most) : rank_weighted(draw, key, best, most);
}

/* ---- hashing ---- */

static uint64_t load(const char *bytes, size_t len) {
  uint64_t word = 0;
  for (size_t i = 0; i < len; i++) word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
  return word;
}

uint64_t draw_hash(struct slice bytes) {
  uint64_t hash = 0x9e3779b97f4a7c15u ^ bytes.len;
  size_t at = 0;
  for (; at + 8 <= bytes.len; at += 8) hash = mix(hash ^ load(bytes.ptr + at, 8)) + 0x9e3779b97f4a7c15u;
  return mix(hash ^ load(bytes.ptr + at, bytes.len - at));
}
