// SPDX-License-Identifier: Apache-2.0
#include "script/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "script/bundle_walk.h"

/* The bytes: this head, an entry a file, then paths and origins with their NULs and texts. */
struct head {
  uint32_t magic, count;
  uint64_t size;
};

struct entry {
  uint32_t path, origin; /* offsets from the head */
  uint32_t text, text_len;
  uint32_t class, bundled;
};

enum { MAGIC = 0x6d676231 };

/* ---- reading the view ---- */

static const struct head *head_of(const struct bundle *bundle) {
  return (const struct head *)(const void *)bundle->bytes.ptr;
}

bool bundle_view(struct bundle *bundle, struct slice bytes) {
  *bundle = (struct bundle){.bytes = bytes};
  if (bytes.len < sizeof(struct head)) return false;
  const struct head *head = head_of(bundle);
  if (head->magic != MAGIC || head->size != bytes.len || head->count > BUNDLE_FILES_MAX) return false;
  bundle->count = head->count;
  return true;
}

struct bundle_file bundle_at(const struct bundle *bundle, size_t position) {
  REQUIRE(position < bundle->count);
  const struct entry *entry = (const struct entry *)(const void *)(head_of(bundle) + 1) + position;
  const char *base = bundle->bytes.ptr;
  return (struct bundle_file){.path = base + entry->path,
                              .origin = base + entry->origin,
                              .text = slice_make(base + entry->text, entry->text_len),
                              .class = (enum bundle_class)entry->class,
                              .bundled = entry->bundled != 0};
}

bool bundle_find(const struct bundle *bundle, const char *path, struct bundle_file *out) {
  size_t low = 0, high = bundle->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    struct bundle_file file = bundle_at(bundle, middle);
    int order = strcmp(path, file.path);
    if (order == 0) {
      *out = file;
      return true;
    }
    if (order < 0) high = middle;
    if (order > 0) low = middle + 1;
  }
  return false;
}

/* ---- writing ---- */

/* A bundle in the making: the entries are filled while the bytes behind them grow. */
struct writing {
  struct buffer *out;
  size_t start; /* of the head in `out` */
};

static struct writing write_begin(struct buffer *out, size_t count) {
  struct writing writing = {out, out->len};
  size_t size = sizeof(struct head) + count * sizeof(struct entry);
  buffer_reserve(out, size);
  memset(out->data + out->len, 0, size);
  out->len += size;
  struct head *head = (struct head *)(void *)(out->data + writing.start);
  *head = (struct head){.magic = MAGIC, .count = (uint32_t)count};
  return writing;
}

static struct entry *entry_at(const struct writing *writing, size_t position) {
  struct head *head = (struct head *)(void *)(writing->out->data + writing->start);
  return (struct entry *)(void *)(head + 1) + position;
}

static uint32_t offset_of(const struct writing *writing) {
  return (uint32_t)(writing->out->len - writing->start);
}

static uint32_t put_name(const struct writing *writing, const char *name) {
  uint32_t at = offset_of(writing);
  buffer_append(writing->out, name, strlen(name) + 1);
  return at;
}

/* Everything but the text, which begins here. */
static void put_file(const struct writing *writing, size_t position, const struct bundle_file *file) {
  uint32_t path = put_name(writing, file->path), origin = put_name(writing, file->origin);
  *entry_at(writing, position) = (struct entry){.path = path,
                                                .origin = origin,
                                                .text = offset_of(writing),
                                                .class = (uint32_t)file->class,
                                                .bundled = file->bundled};
}

static void put_text_end(const struct writing *writing, size_t position) {
  struct entry *entry = entry_at(writing, position);
  entry->text_len = offset_of(writing) - entry->text;
}

/* Sizes are multiples of 8, so that a bundle can follow another. */
static void write_end(const struct writing *writing) {
  static const char zeros[8];
  buffer_append(writing->out, zeros, (8 - offset_of(writing) % 8) % 8);
  ((struct head *)(void *)(writing->out->data + writing->start))->size = offset_of(writing);
}

void bundle_select(const struct bundle *bundle, bool (*wanted)(const struct bundle_file *file, void *user), void *user,
                   struct buffer *out) {
  size_t count = 0;
  for (size_t i = 0; i < bundle->count; i++) {
    struct bundle_file file = bundle_at(bundle, i);
    count += wanted(&file, user);
  }
  struct writing writing = write_begin(out, count);
  for (size_t i = 0, at = 0; i < bundle->count && at < count; i++) {
    struct bundle_file file = bundle_at(bundle, i);
    if (!wanted(&file, user)) continue;
    put_file(&writing, at, &file);
    buffer_append_slice(out, file.text);
    put_text_end(&writing, at++);
  }
  write_end(&writing);
}

/* ---- from the disk ---- */

static int read_one(const struct writing *writing, size_t position, const struct bundle_walk_file *found,
                    const struct bundle_sources *sources, struct error *error) {
  put_file(writing, position, &found->file);
  if (found->file.class == BUNDLE_CONFIG) {
    buffer_append_slice(writing->out, sources->config_text);
  } else if (found->file.class == BUNDLE_CATALOG) {
    bundle_catalog_read(sources, writing->out);
  } else if (bundle_walk_read(found, writing->out, error) < 0) {
    return -1;
  }
  put_text_end(writing, position);
  if (offset_of(writing) <= BUNDLE_LIMIT) return 0;
  return error_set(error, 500, "script_error", "%s: all scripts together are larger than %d bytes", found->file.origin,
                   BUNDLE_LIMIT);
}

int bundle_read(const struct bundle_sources *sources, struct buffer *out, struct error *error) {
  struct bundle_walk walk = {0};
  size_t start = out->len;
  int result = bundle_walk_run(&walk, sources, error);
  if (result == 0) {
    struct writing writing = write_begin(out, walk.count);
    for (size_t i = 0; i < walk.count && result == 0; i++) {
      result = read_one(&writing, i, &walk.files[i], sources, error);
    }
    if (result == 0) write_end(&writing);
  }
  if (result < 0) out->len = start;
  bundle_walk_free(&walk);
  return result;
}
