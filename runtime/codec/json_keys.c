// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "codec/json_scan.h"

/* Up to this many keys an object is searched from end to end; beyond it a table is worth its making. */
enum { KEYS_DIRECT = 16, TABLE_FIRST = 64 };

/* Open addressing, at most half full. A slot holds 1 + the key's place in the set; 0 is free. */
struct json_key_table {
  uint32_t mask;
  uint32_t slots[];
};

void json_keys_start(struct json_keys *keys) {
  keys->items = keys->few;
  keys->count = 0;
  keys->capacity = JSON_KEYS_INLINE;
  keys->decoded = (struct arena){0};
}

void json_keys_end(struct json_keys *keys) {
  if (keys->items != keys->few) free(keys->items);
  arena_free(&keys->decoded);
}

void json_keys_close(struct json_keys *keys, struct json_level *level) {
  keys->count = level->first_key;
  if (level->table) free(level->table);
}

static void keys_grow(struct json_keys *keys) {
  uint32_t capacity;
  REQUIRE(!__builtin_mul_overflow(keys->capacity, 2U, &capacity));
  struct json_key *items = malloc(capacity * sizeof *items);
  REQUIRE(items != NULL);
  memcpy(items, keys->items, keys->count * sizeof *items);
  if (keys->items != keys->few) free(keys->items);
  keys->items = items;
  keys->capacity = capacity;
}

static inline bool key_equal(const struct json_key *a, const struct json_key *b) {
  return a->tag == b->tag && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static inline uint32_t tag_of(struct slice key) {
  if (key.len == 0) return 0;
  const unsigned char *bytes = (const unsigned char *)key.ptr;
  return bytes[0] | (uint32_t)bytes[key.len / 2] << 8 | (uint32_t)bytes[key.len - 1] << 16;
}

/* The slot where `key` is, or the free one where it belongs. */
static uint32_t *table_slot(const struct json_keys *keys, struct json_key_table *table, const struct json_key *key) {
  uint32_t at = key->tag & table->mask;
  while (table->slots[at] && !key_equal(&keys->items[table->slots[at] - 1], key)) at = (at + 1) & table->mask;
  return &table->slots[at];
}

/* A new table of `capacity` slots over the keys of `level`, whose tags are their hashes. */
static void table_build(struct json_keys *keys, struct json_level *level, uint32_t capacity) {
  free(level->table);
  level->table = calloc(1, sizeof *level->table + capacity * sizeof level->table->slots[0]);
  REQUIRE(level->table != NULL);
  level->table->mask = capacity - 1;
  for (uint32_t i = level->first_key; i < keys->count; i++) {
    *table_slot(keys, level->table, &keys->items[i]) = i + 1;
  }
}

static uint32_t hash_of(struct slice key) {
  return (uint32_t)map_hash(key);
}

static void table_begin(struct json_keys *keys, struct json_level *level) {
  for (uint32_t i = level->first_key; i < keys->count; i++) {
    keys->items[i].tag = hash_of(slice_make(keys->items[i].text, keys->items[i].len));
  }
  table_build(keys, level, TABLE_FIRST);
}

static bool table_add(struct json_keys *keys, struct json_level *level, struct json_key *key) {
  uint32_t count = keys->count - level->first_key;
  if (!level->table) {
    table_begin(keys, level);
  } else if (count >= level->table->mask / 2) {
    table_build(keys, level, (level->table->mask + 1) * 2);
  }
  uint32_t *slot = table_slot(keys, level->table, key);
  if (*slot) return false;
  *slot = keys->count + 1;
  return true;
}

static bool direct_has(const struct json_keys *keys, const struct json_level *level, const struct json_key *key) {
  for (const struct json_key *old = &keys->items[level->first_key]; old < key; old++) {
    if (key_equal(old, key)) return true;
  }
  return false;
}

bool json_keys_add(struct json_keys *keys, struct json_level *level, struct slice key) {
  if (keys->count == keys->capacity) keys_grow(keys);
  bool direct = keys->count - level->first_key < KEYS_DIRECT;
  struct json_key *added = &keys->items[keys->count];
  added->text = key.ptr;
  added->len = (uint32_t)key.len;
  added->tag = direct ? tag_of(key) : hash_of(key);
  if (direct ? direct_has(keys, level, added) : !table_add(keys, level, added)) return false;
  keys->count++;
  return true;
}
