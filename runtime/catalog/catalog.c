// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include "base/check.h"
#include "catalog/image.h"

static struct image_head head_of(const struct catalog *catalog) {
  struct image_head head;
  memcpy(&head, catalog->bytes.ptr, sizeof head);
  return head;
}

/* Where the part behind `buckets` buckets, `rows` rows and `faults` faults begins. */
static size_t offset_of(size_t buckets, size_t rows, size_t faults) {
  return sizeof(struct image_head) + buckets * sizeof(uint32_t) + rows * sizeof(struct image_row) +
         faults * sizeof(struct image_fault);
}

bool catalog_view(struct catalog *catalog, struct slice bytes) {
  *catalog = (struct catalog){0};
  if (bytes.len < sizeof(struct image_head)) return false;
  struct catalog view = {.bytes = bytes};
  struct image_head head = head_of(&view);
  bool shaped = head.magic == IMAGE_MAGIC && head.size == bytes.len && head.buckets > 0 &&
                (head.buckets & (head.buckets - 1)) == 0 && head.rows < head.buckets;
  if (!shaped || offset_of(head.buckets, head.rows, head.faults) > bytes.len) return false;
  *catalog = (struct catalog){.bytes = bytes, .rows = head.rows, .faults = head.faults};
  return true;
}

static struct slice text_at(const struct catalog *catalog, uint32_t at, uint32_t len) {
  REQUIRE((uint64_t)at + len <= catalog->bytes.len);
  return slice_make(catalog->bytes.ptr + at, len);
}

static struct image_row row_at(const struct catalog *catalog, uint32_t buckets, uint32_t position) {
  struct image_row row;
  memcpy(&row, catalog->bytes.ptr + offset_of(buckets, position, 0), sizeof row);
  return row;
}

/* FNV-1a: the keys are an operator's and stay what they are, so nobody can make them collide. */
uint32_t image_hash(struct slice key) {
  uint32_t hash = 2166136261U;
  for (size_t i = 0; i < key.len; i++) hash = (hash ^ (unsigned char)key.ptr[i]) * 16777619U;
  return hash;
}

bool catalog_find(const struct catalog *catalog, struct slice key, struct slice *row) {
  if (catalog->rows == 0) return false;
  uint32_t hash = image_hash(key), buckets = head_of(catalog).buckets;
  for (uint32_t at = hash & (buckets - 1);; at = (at + 1) & (buckets - 1)) {
    uint32_t found;
    memcpy(&found, catalog->bytes.ptr + offset_of(at, 0, 0), sizeof found);
    if (found == 0) return false;
    struct image_row entry = row_at(catalog, buckets, found - 1);
    if (entry.hash != hash || !slice_equal(text_at(catalog, entry.key, entry.key_len), key)) continue;
    *row = text_at(catalog, entry.row, entry.row_len);
    return true;
  }
}

struct catalog_row catalog_at(const struct catalog *catalog, uint32_t position) {
  REQUIRE(position < catalog->rows);
  struct image_row entry = row_at(catalog, head_of(catalog).buckets, position);
  return (struct catalog_row){text_at(catalog, entry.key, entry.key_len), text_at(catalog, entry.row, entry.row_len)};
}

/* The first position whose key is not below `prefix`, or, with `past`, neither begins with it. */
static uint32_t bound(const struct catalog *catalog, struct slice prefix, bool past) {
  uint32_t low = 0, high = catalog->rows;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    struct slice key = catalog_at(catalog, middle).key;
    size_t shared = key.len < prefix.len ? key.len : prefix.len;
    int order = shared > 0 ? memcmp(key.ptr, prefix.ptr, shared) : 0;
    bool below = order < 0 || (order == 0 && (key.len < prefix.len || past));
    if (below) low = middle + 1;
    if (!below) high = middle;
  }
  return low;
}

uint32_t catalog_range(const struct catalog *catalog, struct slice prefix, uint32_t *first) {
  *first = bound(catalog, prefix, false);
  return bound(catalog, prefix, true);
}

struct catalog_fault catalog_fault_at(const struct catalog *catalog, uint32_t position) {
  REQUIRE(position < catalog->faults);
  struct image_head head = head_of(catalog);
  struct image_fault entry;
  memcpy(&entry, catalog->bytes.ptr + offset_of(head.buckets, head.rows, position), sizeof entry);
  return (struct catalog_fault){.path = text_at(catalog, entry.path, entry.path_len),
                                .message = text_at(catalog, entry.message, entry.message_len),
                                .line = entry.line};
}
