// SPDX-License-Identifier: Apache-2.0
#include "shared/table_stripe.h"

/* Making room in a full stripe: like the hand of a clock, but it chooses the least deserving of the next few. */

enum { CANDIDATES = 16, SWEPT = 2 };

/* How much an entry deserves to stay: a bucket loses least by going, what has no end loses most. */
static unsigned rank_of(const struct hold *hold, const struct entry *entry) {
  unsigned class = entry->kind == ENTRY_BUCKET ? 0 : entry->expires ? 1 : 2;
  return stripe_expired(hold, entry) ? 0 : class * 2 + entry->used;
}

struct search {
  struct entry *best;
  unsigned rank, seen;
};

/* Looks at the entries of one slot; each loses its mark. */
static void slot_search(struct hold *hold, uint32_t number, struct search *search) {
  for (; number; number = block_at(hold, number)->chain) {
    struct entry *entry = block_at(hold, number);
    unsigned rank = rank_of(hold, entry);
    if (!search->best || rank < search->rank) {
      search->best = entry;
      search->rank = rank;
    }
    entry->used = 0;
    search->seen++;
  }
}

/* The stripe has entries. */
static struct entry *victim_find(struct hold *hold) {
  struct search search = {0};
  uint32_t mask = hold->table->shape.stripe_blocks - 1;
  for (uint32_t step = 0; step <= mask && search.seen < CANDIDATES; step++) {
    slot_search(hold, hold->slots[hold->stripe->hand++ & mask], &search);
    if (search.best && search.rank == 0) break;
  }
  return search.best;
}

/* Drops what has expired in the next slots: what nobody asks for again goes, too. */
static void expired_sweep(struct hold *hold) {
  uint32_t mask = hold->table->shape.stripe_blocks - 1;
  for (int slot = 0; slot < SWEPT; slot++) {
    uint32_t number = hold->slots[hold->stripe->broom++ & mask];
    while (number) {
      struct entry *entry = block_at(hold, number);
      number = entry->chain;
      if (stripe_expired(hold, entry)) stripe_drop(hold, entry);
    }
  }
}

static uint32_t blocks_left(const struct hold *hold) {
  return hold->stripe->free_count + (hold->table->shape.stripe_blocks - hold->stripe->fresh);
}

void stripe_make_room(struct hold *hold, uint32_t count) {
  expired_sweep(hold);
  while (blocks_left(hold) < count) {
    stripe_drop(hold, victim_find(hold));
    hold->stripe->evictions++;
  }
}
