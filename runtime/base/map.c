// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <stdlib.h>
#include <sys/auxv.h>

#include "base/check.h"

struct map_entry {
  uint64_t hash;
  struct slice key; /* owned copy */
  void *value;
};

/* 16 bytes the kernel draws for every program it starts (getauxval(3), AT_RANDOM); children of a fork share them. */
static void hash_seed(uint64_t seed[2]) {
  memcpy(seed, (const void *)(uintptr_t)getauxval(AT_RANDOM), 2 * sizeof *seed);
}

static inline uint64_t rotate(uint64_t x, int by) {
  return (x << by) | (x >> (64 - by));
}

/* One round of SipHash (Aumasson and Bernstein, 2012). */
static inline void sip_round(uint64_t v[4]) {
  v[0] += v[1], v[1] = rotate(v[1], 13), v[1] ^= v[0], v[0] = rotate(v[0], 32);
  v[2] += v[3], v[3] = rotate(v[3], 16), v[3] ^= v[2];
  v[0] += v[3], v[3] = rotate(v[3], 21), v[3] ^= v[0];
  v[2] += v[1], v[1] = rotate(v[1], 17), v[1] ^= v[2], v[2] = rotate(v[2], 32);
}

uint64_t map_hash(struct slice bytes) {
  uint64_t seed[2];
  hash_seed(seed);
  uint64_t v[4] = {0x736f6d6570736575ULL ^ seed[0], 0x646f72616e646f6dULL ^ seed[1], 0x6c7967656e657261ULL ^ seed[0],
                   0x7465646279746573ULL ^ seed[1]};
  size_t at = 0;
  for (; at + 8 <= bytes.len; at += 8) {
    uint64_t word;
    memcpy(&word, bytes.ptr + at, 8);
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
  }
  uint64_t last = (uint64_t)bytes.len << 56;
  for (size_t i = 0; at + i < bytes.len; i++) last |= (uint64_t)(unsigned char)bytes.ptr[at + i] << (8 * i);
  v[3] ^= last;
  sip_round(v);
  v[0] ^= last;
  v[2] ^= 0xff;
  for (int i = 0; i < 3; i++) sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct map_entry *slot_find(const struct map *map, struct slice key, uint64_t hash) {
  size_t at = (size_t)hash & (map->capacity - 1);
  while (map->entries[at].key.ptr) {
    if (map->entries[at].hash == hash && slice_equal(map->entries[at].key, key)) break;
    at = (at + 1) & (map->capacity - 1);
  }
  return &map->entries[at];
}

static void map_grow(struct map *map) {
  struct map old = *map;
  map->capacity = old.capacity ? old.capacity * 2 : 16;
  map->entries = calloc(map->capacity, sizeof *map->entries);
  REQUIRE(map->entries != NULL);
  for (size_t i = 0; i < old.capacity; i++) {
    if (old.entries[i].key.ptr) *slot_find(map, old.entries[i].key, old.entries[i].hash) = old.entries[i];
  }
  free(old.entries);
}

void *map_get(const struct map *map, struct slice key) {
  return map->count ? slot_find(map, key, map_hash(key))->value : NULL;
}

void map_set(struct map *map, struct slice key, void *value) {
  if (map->count * 4 >= map->capacity * 3) map_grow(map);
  uint64_t hash = map_hash(key);
  struct map_entry *slot = slot_find(map, key, hash);
  if (!slot->key.ptr) {
    char *copy = malloc(key.len + 1);
    REQUIRE(copy != NULL);
    if (key.len) memcpy(copy, key.ptr, key.len);
    *slot = (struct map_entry){hash, {copy, key.len}, NULL};
    map->count++;
  }
  slot->value = value;
}

void map_free(struct map *map) {
  for (size_t i = 0; i < map->capacity; i++) free((void *)(uintptr_t)map->entries[i].key.ptr);
  free(map->entries);
  *map = (struct map){0};
}
