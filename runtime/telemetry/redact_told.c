// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redact_told.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"

/* How a text is searched for any of many values at a ninth of its bytes: a value has at least 12 bytes, so the nine
 * 4-byte pieces that begin in its first nine bytes lie wholly inside it, and of any nine consecutive positions a walk
 * in strides of nine meets exactly one. The pieces of all values are in a table behind a bit set. */
enum { VALUE_MIN = 12, PIECE = 4, STRIDE = VALUE_MIN - PIECE + 1, HASH_BITS = 15 };

struct told {
  struct slice name, value; /* owned copies */
};

struct piece {
  uint32_t bytes;
  uint32_t told;   /* position in `items` + 1; 0 is free */
  uint32_t offset; /* of the piece in the value */
};

struct redactor {
  struct told *items; /* owned */
  size_t count;
  struct piece *pieces; /* owned; open addressing */
  size_t capacity;      /* power of two, at most half full */
  uint64_t bits[(1 << HASH_BITS) / 64];
};

struct redactor *redactor_open(void) {
  return calloc(1, sizeof(struct redactor));
}

static void copy_free(struct slice copy, bool wipe) {
  char *memory = (char *)(uintptr_t)copy.ptr;
  if (wipe) explicit_bzero(memory, copy.len);
  free(memory);
}

static void pieces_free(struct redactor *redactor) {
  if (redactor->pieces) explicit_bzero(redactor->pieces, redactor->capacity * sizeof *redactor->pieces);
  free(redactor->pieces);
}

void redactor_close(struct redactor *redactor) {
  if (!redactor) return;
  for (size_t i = 0; i < redactor->count; i++) {
    copy_free(redactor->items[i].name, false);
    copy_free(redactor->items[i].value, true);
  }
  free(redactor->items);
  pieces_free(redactor);
  free(redactor);
}

static struct slice copy_make(struct slice bytes) {
  char *copy = malloc(bytes.len + 1);
  REQUIRE(copy != NULL);
  if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
  return slice_make(copy, bytes.len);
}

static uint32_t piece_at(struct slice text, size_t at) {
  uint32_t piece;
  memcpy(&piece, text.ptr + at, PIECE);
  return piece;
}

static uint32_t piece_hash(uint32_t piece) {
  return (piece * 2654435761U) >> (32 - HASH_BITS);
}

static bool bit_is_set(const struct redactor *redactor, uint32_t hash) {
  return redactor->bits[hash / 64] >> (hash % 64) & 1;
}

static void pieces_add(struct redactor *redactor, size_t position) {
  for (size_t offset = 0; offset < STRIDE; offset++) {
    uint32_t bytes = piece_at(redactor->items[position].value, offset);
    uint32_t hash = piece_hash(bytes);
    redactor->bits[hash / 64] |= 1ULL << (hash % 64);
    size_t at = hash & (redactor->capacity - 1);
    while (redactor->pieces[at].told) at = (at + 1) & (redactor->capacity - 1);
    redactor->pieces[at] = (struct piece){bytes, (uint32_t)position + 1, (uint32_t)offset};
  }
}

static void pieces_grow(struct redactor *redactor) {
  pieces_free(redactor);
  redactor->capacity = redactor->capacity ? redactor->capacity * 4 : 256;
  redactor->pieces = calloc(redactor->capacity, sizeof *redactor->pieces);
  REQUIRE(redactor->pieces != NULL);
  for (size_t i = 0; i < redactor->count; i++) pieces_add(redactor, i);
}

void redactor_hide(struct redactor *redactor, struct slice name, struct slice value) {
  if (value.len < VALUE_MIN) return;
  for (size_t i = 0; i < redactor->count; i++) {
    if (slice_equal(redactor->items[i].value, value)) return;
  }
  struct told *items = realloc(redactor->items, (redactor->count + 1) * sizeof *items);
  REQUIRE(items != NULL);
  redactor->items = items;
  items[redactor->count] = (struct told){copy_make(name), copy_make(value)};
  redactor->count++;
  if (redactor->count * STRIDE * 2 > redactor->capacity) {
    pieces_grow(redactor);
  } else {
    pieces_add(redactor, redactor->count - 1);
  }
}

/* Does the value behind `piece` stand in `text` around `at`, beginning at `from` or later? */
static bool value_stands(const struct redactor *redactor, const struct piece *piece, struct slice text, size_t at,
                         size_t from) {
  struct slice value = redactor->items[piece->told - 1].value;
  return at >= from + piece->offset && slice_starts(slice_from(text, at - piece->offset), value);
}

/* Keeps the earlier match, of two that begin together the longer. */
static void match_keep(struct redact_match *best, bool *found, size_t start, const struct told *told) {
  if (*found && (start > best->at || (start == best->at && told->value.len <= best->len))) return;
  *best = (struct redact_match){start, told->value.len, told->name, "[REDACTED_SECRET]"};
  *found = true;
}

static bool match_around(const struct redactor *redactor, struct slice text, size_t at, size_t from,
                         struct redact_match *match) {
  uint32_t bytes = piece_at(text, at), hash = piece_hash(bytes);
  if (!bit_is_set(redactor, hash)) return false;
  bool found = false;
  for (size_t i = hash & (redactor->capacity - 1); redactor->pieces[i].told; i = (i + 1) & (redactor->capacity - 1)) {
    const struct piece *piece = &redactor->pieces[i];
    if (piece->bytes != bytes || !value_stands(redactor, piece, text, at, from)) continue;
    match_keep(match, &found, at - piece->offset, &redactor->items[piece->told - 1]);
  }
  return found;
}

bool redact_told_next(const struct redactor *redactor, struct slice text, size_t from, size_t limit,
                      struct redact_match *match) {
  if (redactor->count == 0) return false;
  for (size_t at = from; at < limit + STRIDE - 1 && at + PIECE <= text.len; at += STRIDE) {
    if (match_around(redactor, text, at, from, match)) return match->at < limit;
  }
  return false;
}

bool redact_told_possible(const struct redactor *redactor, struct slice text, size_t limit) {
  if (redactor->count == 0 || text.len < VALUE_MIN) return false;
  for (size_t at = 0; at < limit + STRIDE - 1 && at + PIECE <= text.len; at += STRIDE) {
    if (bit_is_set(redactor, piece_hash(piece_at(text, at)))) return true;
  }
  return false;
}
