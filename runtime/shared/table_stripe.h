// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <pthread.h>

#include "shared/table.h"

/* Inside of the table: one stripe, its blocks, its entries. All but the lock itself is for who holds the stripe's lock.
 */

enum entry_kind { ENTRY_NUMBER = 1, ENTRY_BYTES, ENTRY_BUCKET };

/* The first block of an entry; key and bytes follow it, and go on in the blocks behind `next`. */
struct entry {
  uint32_t next;  /* block, 0 = none; also of the list of free blocks */
  uint32_t chain; /* next entry of the same slot */
  uint64_t hash;
  uint64_t expires; /* 0 = never */
  uint32_t value_len;
  uint16_t key_len;
  uint8_t kind;
  uint8_t used;   /* since the hand came by */
  double number;  /* ENTRY_NUMBER: its value; ENTRY_BUCKET: the tokens that were left */
  uint64_t stamp; /* ENTRY_BUCKET: when */
};

/* Blocks and slots count from 1, so that zeroed memory is an empty stripe. */
struct stripe {
  _Alignas(64) pthread_mutex_t lock;
  bool torn;      /* links are being changed right now */
  uint32_t fresh; /* blocks used so far; those behind were never touched */
  uint32_t free;  /* the first free one of them */
  uint32_t free_count;
  uint32_t hand;  /* slot where the search for a victim goes on */
  uint32_t broom; /* slot where the search for expired entries goes on */
  uint32_t entries;
  uint64_t hits, misses, evictions, resets;
};

struct table {
  struct table_shape shape;
  struct stripe *stripes;
  uint32_t *slots; /* stripe_blocks of each stripe */
  char *blocks;
};

/* A locked stripe and the key it was locked for; lives on the stack of one operation. */
struct hold {
  const struct table *table;
  struct stripe *stripe;
  uint32_t *slots;
  char *blocks;
  struct slice key;
  uint64_t hash, now;
};

/* Locks the stripe of `key`. What a dead process left half-linked is emptied first. */
struct hold stripe_lock(struct table *table, struct slice key, uint64_t now);
struct hold stripe_lock_at(struct table *table, unsigned index);
void stripe_unlock(struct hold *hold);

/* The live entry of the hold's key, or null; an expired one is dropped. */
struct entry *stripe_find(struct hold *hold);
struct entry *stripe_make(struct hold *hold, const struct entry *with, struct slice value);
void stripe_drop(struct hold *hold, struct entry *entry);
uint64_t stripe_expiry(const struct hold *hold, uint64_t ttl);
bool stripe_expired(const struct hold *hold, const struct entry *entry);

/* Sees to it that `count` blocks are free: entries may be gone afterwards. */
void stripe_make_room(struct hold *hold, uint32_t count);

/* ---- blocks ---- */

struct entry *block_at(const struct hold *hold, uint32_t number);
uint32_t block_number(const struct hold *hold, const struct entry *block);
uint32_t block_take(struct hold *hold);
void block_give(struct hold *hold, uint32_t number);
/* How many an entry needs whose key and value have `len` bytes together. */
uint32_t blocks_wanted(const struct hold *hold, size_t len);

/* An entry's bytes are its key, then its value. */
void bytes_write(struct hold *hold, struct entry *entry, struct slice key, struct slice value);
void bytes_read(const struct hold *hold, const struct entry *entry, size_t from, char *out, size_t len);
bool bytes_same(const struct hold *hold, const struct entry *entry, size_t from, struct slice bytes);
