// SPDX-License-Identifier: Apache-2.0
#include "shared/table.h"

#include <math.h>
#include <time.h>

#include "base/check.h"
#include "shared/table_stripe.h"

const struct table_shape table_values_shape = {
    .stripes = 64, .stripe_blocks = 2048, .block_size = 128, .value_max = 64 * 1024};
const struct table_shape table_cache_shape = {
    .stripes = 8, .stripe_blocks = 4096, .block_size = 2048, .value_max = 4 * 1024 * 1024};

struct layout {
  size_t stripes, slots, blocks, size;
};

static size_t align_up(size_t size, size_t to) {
  return (size + to - 1) & ~(to - 1);
}

static struct layout layout_of(const struct table_shape *shape) {
  struct layout layout;
  size_t blocks = (size_t)shape->stripes * shape->stripe_blocks;
  layout.stripes = align_up(sizeof(struct table), 64);
  layout.slots = align_up(layout.stripes + shape->stripes * sizeof(struct stripe), 4096);
  layout.blocks = align_up(layout.slots + blocks * sizeof(uint32_t), 4096);
  layout.size = layout.blocks + blocks * shape->block_size;
  return layout;
}

size_t table_size(const struct table_shape *shape) {
  return layout_of(shape).size;
}

static void locks_open(struct table *table) {
  pthread_mutexattr_t attributes;
  REQUIRE(pthread_mutexattr_init(&attributes) == 0);
  REQUIRE(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  REQUIRE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  for (unsigned i = 0; i < table->shape.stripes; i++) {
    REQUIRE(pthread_mutex_init(&table->stripes[i].lock, &attributes) == 0);
  }
  pthread_mutexattr_destroy(&attributes);
}

struct table *table_open(void *memory, const struct table_shape *shape) {
  struct layout layout = layout_of(shape);
  struct table *table = memory;
  REQUIRE((shape->stripe_blocks & (shape->stripe_blocks - 1)) == 0 && (shape->stripes & (shape->stripes - 1)) == 0);
  REQUIRE(shape->value_max <= (size_t)shape->stripe_blocks * shape->block_size / 2);
  table->shape = *shape;
  table->stripes = (struct stripe *)(void *)((char *)memory + layout.stripes);
  table->slots = (uint32_t *)(void *)((char *)memory + layout.slots);
  table->blocks = (char *)memory + layout.blocks;
  locks_open(table);
  return table;
}

uint64_t table_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool fits(const struct table *table, struct slice key, size_t value_len) {
  return key.len <= TABLE_KEY_MAX && value_len <= table->shape.value_max;
}

static struct slice value_read(const struct hold *hold, const struct entry *entry, struct buffer *out) {
  buffer_clear(out);
  buffer_reserve(out, entry->value_len);
  bytes_read(hold, entry, entry->key_len, out->data, entry->value_len);
  out->len = entry->value_len;
  return buffer_slice(out);
}

enum table_result table_get(struct table *table, struct slice key, uint64_t now, struct table_value *out,
                            struct buffer *bytes) {
  if (!fits(table, key, 0)) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  const struct entry *entry = stripe_find(&hold);
  enum table_result result = !entry ? TABLE_ABSENT : entry->kind == ENTRY_BUCKET ? TABLE_KIND : TABLE_OK;
  if (result == TABLE_OK) {
    *out = (struct table_value){.is_number = entry->kind == ENTRY_NUMBER, .number = entry->number};
    if (!out->is_number) out->bytes = value_read(&hold, entry, bytes);
  }
  *(result == TABLE_OK ? &hold.stripe->hits : &hold.stripe->misses) += 1;
  stripe_unlock(&hold);
  return result;
}

/* A number over a number is one store; everything else is a new entry. */
static void put(struct hold *hold, struct entry *entry, const struct table_value *value, uint64_t ttl) {
  struct entry with = {.expires = stripe_expiry(hold, ttl), .kind = ENTRY_BYTES};
  if (value->is_number) {
    with.kind = ENTRY_NUMBER;
    with.number = value->number;
  }
  if (entry && value->is_number && entry->kind == ENTRY_NUMBER) {
    entry->number = with.number;
    entry->expires = with.expires;
    return;
  }
  if (entry) stripe_drop(hold, entry);
  stripe_make(hold, &with, value->is_number ? (struct slice){0} : value->bytes);
}

enum table_result table_set(struct table *table, struct slice key, const struct table_value *value, uint64_t ttl,
                            uint64_t now) {
  if (!fits(table, key, value->is_number ? 0 : value->bytes.len)) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  put(&hold, stripe_find(&hold), value, ttl);
  stripe_unlock(&hold);
  return TABLE_OK;
}

enum table_result table_add(struct table *table, struct slice key, const struct table_value *value, uint64_t ttl,
                            uint64_t now) {
  if (!fits(table, key, value->is_number ? 0 : value->bytes.len)) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  enum table_result result = stripe_find(&hold) ? TABLE_PRESENT : TABLE_OK;
  if (result == TABLE_OK) put(&hold, NULL, value, ttl);
  stripe_unlock(&hold);
  return result;
}

static bool holds(const struct hold *hold, const struct entry *entry, struct slice bytes) {
  return entry->kind == ENTRY_BYTES && entry->value_len == bytes.len && bytes_same(hold, entry, entry->key_len, bytes);
}

enum table_result table_delete(struct table *table, struct slice key, const struct slice *expected, uint64_t now) {
  if (!fits(table, key, 0)) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  struct entry *entry = stripe_find(&hold);
  enum table_result result = entry ? TABLE_OK : TABLE_ABSENT;
  if (entry && expected && !holds(&hold, entry, *expected)) result = TABLE_KIND;
  if (result == TABLE_OK) stripe_drop(&hold, entry);
  stripe_unlock(&hold);
  return result;
}

static enum table_result step_on(struct hold *hold, const struct table_step *step, double *out) {
  struct entry *entry = stripe_find(hold);
  if (entry && entry->kind != ENTRY_NUMBER) return TABLE_KIND;
  *out = entry ? entry->number : 0;
  double sum = *out + step->by;
  if (!isfinite(sum) || (step->by > 0 && sum > step->limit)) return TABLE_RANGE;
  *out = sum;
  if (entry) {
    entry->number = sum;
  } else {
    struct entry with = {.kind = ENTRY_NUMBER, .number = sum, .expires = stripe_expiry(hold, step->ttl)};
    stripe_make(hold, &with, (struct slice){0});
  }
  return TABLE_OK;
}

enum table_result table_incr(struct table *table, struct slice key, const struct table_step *step, uint64_t now,
                             double *out) {
  if (!fits(table, key, 0)) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  enum table_result result = step_on(&hold, step, out);
  stripe_unlock(&hold);
  return result;
}

enum table_result table_ttl(struct table *table, struct slice key, uint64_t now, uint64_t *out) {
  if (!fits(table, key, 0)) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  const struct entry *entry = stripe_find(&hold);
  if (entry) *out = entry->expires ? entry->expires - now : 0;
  stripe_unlock(&hold);
  return entry ? TABLE_OK : TABLE_ABSENT;
}

enum table_result table_expire(struct table *table, struct slice key, uint64_t ttl, uint64_t now) {
  if (!fits(table, key, 0)) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  struct entry *entry = stripe_find(&hold);
  if (entry) entry->expires = stripe_expiry(&hold, ttl);
  stripe_unlock(&hold);
  return entry ? TABLE_OK : TABLE_ABSENT;
}

void table_stats(struct table *table, struct table_stats *out) {
  const struct table_shape *shape = &table->shape;
  *out = (struct table_stats){.capacity = (uint64_t)shape->stripes * shape->stripe_blocks * shape->block_size};
  for (unsigned i = 0; i < shape->stripes; i++) {
    struct hold hold = stripe_lock_at(table, i);
    const struct stripe *stripe = hold.stripe;
    out->entries += stripe->entries;
    out->bytes += (uint64_t)(stripe->fresh - stripe->free_count) * shape->block_size;
    out->hits += stripe->hits;
    out->misses += stripe->misses;
    out->evictions += stripe->evictions;
    out->resets += stripe->resets;
    stripe_unlock(&hold);
  }
}
