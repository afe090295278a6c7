// SPDX-License-Identifier: Apache-2.0
#include "shared/table_stripe.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/check.h"
#include "base/map.h"

/* A killed process stops between two instructions: what must not happen is that the compiler moves a store over these.
 */
static void links_begin(struct hold *hold) {
  hold->stripe->torn = true;
  atomic_signal_fence(memory_order_seq_cst);
}

static void links_end(struct hold *hold) {
  atomic_signal_fence(memory_order_seq_cst);
  hold->stripe->torn = false;
}

static void stripe_reset(struct hold *hold) {
  struct stripe *stripe = hold->stripe;
  memset(hold->slots, 0, hold->table->shape.stripe_blocks * sizeof *hold->slots);
  stripe->fresh = stripe->free = stripe->free_count = stripe->entries = 0;
  stripe->resets++;
  links_end(hold);
}

struct hold stripe_lock_at(struct table *table, unsigned index) {
  size_t first = (size_t)index * table->shape.stripe_blocks;
  struct hold hold = {.table = table,
                      .stripe = &table->stripes[index],
                      .slots = table->slots + first,
                      .blocks = table->blocks + first * table->shape.block_size};
  int status = pthread_mutex_lock(&hold.stripe->lock);
  REQUIRE(status == 0 || status == EOWNERDEAD);
  if (status == EOWNERDEAD) {
    if (hold.stripe->torn) stripe_reset(&hold);
    REQUIRE(pthread_mutex_consistent(&hold.stripe->lock) == 0);
  }
  return hold;
}

struct hold stripe_lock(struct table *table, struct slice key, uint64_t now) {
  uint64_t hash = map_hash(key);
  struct hold hold = stripe_lock_at(table, (unsigned)(hash >> 32) & (table->shape.stripes - 1));
  hold.hash = hash;
  hold.key = key;
  hold.now = now;
  return hold;
}

void stripe_unlock(struct hold *hold) {
  REQUIRE(pthread_mutex_unlock(&hold->stripe->lock) == 0);
}

/* ---- entries ---- */

bool stripe_expired(const struct hold *hold, const struct entry *entry) {
  return entry->expires != 0 && entry->expires <= hold->now;
}

uint64_t stripe_expiry(const struct hold *hold, uint64_t ttl) {
  return ttl == 0 ? 0 : hold->now + ttl;
}

static uint32_t *slot_of(const struct hold *hold, uint64_t hash) {
  return &hold->slots[hash & (hold->table->shape.stripe_blocks - 1)];
}

static bool is_key(const struct hold *hold, const struct entry *entry) {
  return entry->hash == hold->hash && entry->key_len == hold->key.len && bytes_same(hold, entry, 0, hold->key);
}

struct entry *stripe_find(struct hold *hold) {
  uint32_t number = *slot_of(hold, hold->hash);
  while (number && !is_key(hold, block_at(hold, number))) number = block_at(hold, number)->chain;
  if (!number) return NULL;
  struct entry *entry = block_at(hold, number);
  if (stripe_expired(hold, entry)) {
    stripe_drop(hold, entry);
    return NULL;
  }
  entry->used = 1;
  return entry;
}

struct entry *stripe_make(struct hold *hold, const struct entry *with, struct slice value) {
  stripe_make_room(hold, blocks_wanted(hold, hold->key.len + value.len));
  links_begin(hold);
  uint32_t number = block_take(hold), *slot = slot_of(hold, hold->hash);
  struct entry *entry = block_at(hold, number);
  *entry = *with;
  entry->next = 0;
  entry->chain = *slot;
  entry->hash = hold->hash;
  entry->key_len = (uint16_t)hold->key.len;
  entry->value_len = (uint32_t)value.len;
  bytes_write(hold, entry, hold->key, value);
  *slot = number;
  hold->stripe->entries++;
  links_end(hold);
  return entry;
}

static void blocks_give(struct hold *hold, uint32_t number) {
  while (number) {
    uint32_t next = block_at(hold, number)->next;
    block_give(hold, number);
    number = next;
  }
}

void stripe_drop(struct hold *hold, struct entry *entry) {
  uint32_t number = block_number(hold, entry), *link = slot_of(hold, entry->hash);
  links_begin(hold);
  while (*link != number) link = &block_at(hold, *link)->chain;
  *link = entry->chain;
  blocks_give(hold, number);
  hold->stripe->entries--;
  links_end(hold);
}
