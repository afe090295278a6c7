// SPDX-License-Identifier: Apache-2.0
#include "shared/table_stripe.h"

/* Every block has the same size, so memory never falls into pieces: a large value is a chain of blocks. */

enum { LINK_SIZE = 8 }; /* what of a block behind the first is not bytes */

struct entry *block_at(const struct hold *hold, uint32_t number) {
  return (struct entry *)(void *)(hold->blocks + (size_t)(number - 1) * hold->table->shape.block_size);
}

uint32_t block_number(const struct hold *hold, const struct entry *block) {
  return (uint32_t)((size_t)((const char *)block - hold->blocks) / hold->table->shape.block_size) + 1;
}

uint32_t block_take(struct hold *hold) {
  struct stripe *stripe = hold->stripe;
  if (!stripe->free) return ++stripe->fresh;
  uint32_t number = stripe->free;
  stripe->free = block_at(hold, number)->next;
  stripe->free_count--;
  return number;
}

void block_give(struct hold *hold, uint32_t number) {
  block_at(hold, number)->next = hold->stripe->free;
  hold->stripe->free = number;
  hold->stripe->free_count++;
}

uint32_t blocks_wanted(const struct hold *hold, size_t len) {
  size_t first = hold->table->shape.block_size - sizeof(struct entry);
  size_t each = hold->table->shape.block_size - LINK_SIZE;
  return len <= first ? 1 : (uint32_t)(1 + (len - first + each - 1) / each);
}

/* The part of an entry's bytes that lies in one block. */
struct piece {
  char *at;
  size_t len;
  struct entry *block;
};

static struct piece piece_first(const struct hold *hold, const struct entry *entry) {
  struct entry *block = block_at(hold, block_number(hold, entry));
  return (struct piece){(char *)(block + 1), hold->table->shape.block_size - sizeof *block, block};
}

static struct piece piece_of(const struct hold *hold, uint32_t number) {
  struct entry *block = block_at(hold, number);
  return (struct piece){(char *)block + LINK_SIZE, hold->table->shape.block_size - LINK_SIZE, block};
}

/* The next `len` bytes or fewer behind `piece`'s begin, which moves on by as many. */
static struct slice piece_step(const struct hold *hold, struct piece *piece, size_t len) {
  if (piece->len == 0) *piece = piece_of(hold, piece->block->next);
  struct slice here = {piece->at, len < piece->len ? len : piece->len};
  piece->at += here.len;
  piece->len -= here.len;
  return here;
}

static void piece_write(struct hold *hold, struct piece *piece, struct slice bytes) {
  while (bytes.len > 0) {
    if (piece->len == 0) {
      uint32_t number = block_take(hold);
      block_at(hold, number)->next = 0;
      piece->block->next = number;
    }
    struct slice here = piece_step(hold, piece, bytes.len);
    memcpy(piece->at - here.len, bytes.ptr, here.len);
    bytes = slice_from(bytes, here.len);
  }
}

void bytes_write(struct hold *hold, struct entry *entry, struct slice key, struct slice value) {
  struct piece piece = piece_first(hold, entry);
  piece_write(hold, &piece, key);
  piece_write(hold, &piece, value);
}

static struct piece piece_skip(const struct hold *hold, const struct entry *entry, size_t from) {
  struct piece piece = piece_first(hold, entry);
  while (from > 0) from -= piece_step(hold, &piece, from).len;
  return piece;
}

void bytes_read(const struct hold *hold, const struct entry *entry, size_t from, char *out, size_t len) {
  struct piece piece = piece_skip(hold, entry, from);
  while (len > 0) {
    struct slice here = piece_step(hold, &piece, len);
    memcpy(out, here.ptr, here.len);
    out += here.len;
    len -= here.len;
  }
}

bool bytes_same(const struct hold *hold, const struct entry *entry, size_t from, struct slice bytes) {
  struct piece piece = piece_skip(hold, entry, from);
  while (bytes.len > 0) {
    struct slice here = piece_step(hold, &piece, bytes.len);
    if (memcmp(here.ptr, bytes.ptr, here.len) != 0) return false;
    bytes = slice_from(bytes, here.len);
  }
  return true;
}
