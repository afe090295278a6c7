// SPDX-License-Identifier: Apache-2.0
#include "shared/generations.h"

#include <sys/mman.h>

#include "base/check.h"
#include "shared/generation_area.h"

static const size_t part_sizes[] = {
    [GENERATION_BUNDLE] = 24 << 20, [GENERATION_REPORT] = 512 << 10, [GENERATION_LINES] = 64 << 10};

enum { STATS_SIZE = GENERATION_WORKERS * GENERATION_STATS_WORKER, REJECTED_SIZE = 512 << 10 };

static size_t align_up(size_t size) {
  return (size + 4095) & ~(size_t)4095;
}

static size_t part_offset(enum generation_part part) {
  size_t offset = 0;
  for (unsigned i = 0; i < (unsigned)part; i++) offset += part_sizes[i];
  return offset;
}

static size_t slot_size(void) {
  return part_offset(GENERATION_LINES) + part_sizes[GENERATION_LINES] + STATS_SIZE;
}

static size_t area_size(void) {
  return align_up(sizeof(struct generations)) + REJECTED_SIZE + GENERATION_SLOTS * slot_size();
}

static char *rejected_memory(const struct generations *generations) {
  return (char *)(uintptr_t)generations + align_up(sizeof *generations);
}

static char *slot_memory(const struct generations *generations, unsigned slot) {
  REQUIRE(slot < GENERATION_SLOTS);
  return rejected_memory(generations) + REJECTED_SIZE + slot * slot_size();
}

char *generations_stats_memory(const struct generations *generations, unsigned slot, unsigned worker) {
  REQUIRE(worker < GENERATION_WORKERS);
  return slot_memory(generations, slot) + slot_size() - STATS_SIZE + (size_t)worker * GENERATION_STATS_WORKER;
}

struct generations *generations_open(void) {
  void *memory = mmap(NULL, area_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void generations_close(struct generations *generations) {
  if (generations) munmap(generations, area_size());
}

/* ---- slots ---- */

/* An empty one before any other, then the oldest. */
static int slot_choose(const struct generations *generations, int kept) {
  uint64_t active = atomic_load(&generations->active), oldest = UINT64_MAX;
  int chosen = -1;
  for (int i = 0; i < GENERATION_SLOTS; i++) {
    const struct generation_slot *slot = &generations->slots[i];
    uint64_t number = atomic_load(&slot->number);
    bool used = (active && generation_word_slot(active) == (unsigned)i) || i == kept ||
                atomic_load(&slot->state) == GENERATION_BUILDING;
    if (used || number >= oldest) continue;
    oldest = number;
    chosen = i;
  }
  return chosen;
}

unsigned generations_take(struct generations *generations, int kept) {
  int chosen = slot_choose(generations, kept);
  REQUIRE(chosen >= 0);
  generations_drop(generations, (unsigned)chosen);
  atomic_store(&generations->slots[chosen].state, GENERATION_BUILDING);
  return (unsigned)chosen;
}

uint64_t generations_word(struct generations *generations, unsigned slot) {
  return ++generations->last_serial * 256 + slot;
}

void generations_drop(struct generations *generations, unsigned slot) {
  struct generation_slot *dropped = &generations->slots[slot];
  atomic_store(&dropped->number, 0);
  atomic_store(&dropped->state, GENERATION_FREE);
  dropped->previous = 0;
  dropped->activated_ms = 0;
  memset(dropped->len, 0, sizeof dropped->len);
  dropped->reasons = 0;
  memset(dropped->changed, 0, sizeof dropped->changed);
  memset(dropped->note, 0, sizeof dropped->note);
  memset(dropped->id, 0, sizeof dropped->id);
  memset(dropped->digest, 0, sizeof dropped->digest);
  memset(dropped->step, 0, sizeof dropped->step);
  atomic_store(&dropped->steps, 0);
  for (unsigned i = 0; i < GENERATION_WORKERS; i++) atomic_store(&dropped->scripts[i], 0);
  madvise(slot_memory(generations, slot), slot_size(), MADV_REMOVE);
}

struct generation_slot *generations_active(struct generations *generations) {
  uint64_t active = atomic_load(&generations->active);
  return active ? &generations->slots[generation_word_slot(active)] : NULL;
}

int generations_find(const struct generations *generations, uint64_t number) {
  for (int i = 0; i < GENERATION_SLOTS && number > 0; i++) {
    if (atomic_load(&generations->slots[i].number) == number) return i;
  }
  return -1;
}

/* ---- what is in them ---- */

int generations_store(struct generations *generations, unsigned slot, enum generation_part part, struct slice bytes) {
  if (bytes.len > part_sizes[part]) return -1;
  if (bytes.len > 0) memcpy(slot_memory(generations, slot) + part_offset(part), bytes.ptr, bytes.len);
  generations->slots[slot].len[part] = bytes.len;
  return 0;
}

struct slice generations_part(const struct generations *generations, unsigned slot, enum generation_part part) {
  size_t len = generations->slots[slot].len[part];
  return slice_make(slot_memory(generations, slot) + part_offset(part),
                    len < part_sizes[part] ? len : part_sizes[part]);
}

void generations_unmap(const struct generations *generations, unsigned slot, enum generation_part part) {
  madvise(slot_memory(generations, slot) + part_offset(part), part_sizes[part], MADV_DONTNEED);
}

void generations_renew_report(struct generations *generations, unsigned slot, unsigned from) {
  struct generation_slot *renewed = &generations->slots[slot];
  atomic_fetch_add(&renewed->renewals, 1);
  generations_store(generations, slot, GENERATION_REPORT, generations_part(generations, from, GENERATION_REPORT));
  atomic_fetch_add(&renewed->renewals, 1);
}

/* Neither given up nor renewed meanwhile: then what was copied is whole. */
void generations_report(struct generations *generations, struct buffer *out) {
  size_t start = out->len;
  for (;;) {
    uint64_t active = atomic_load(&generations->active);
    unsigned slot = generation_word_slot(active);
    uint32_t renewals = atomic_load(&generations->slots[slot].renewals);
    if (active == 0) return;
    out->len = start;
    buffer_append_slice(out, generations_part(generations, slot, GENERATION_REPORT));
    generations_unmap(generations, slot, GENERATION_REPORT);
    bool whole = renewals % 2 == 0 && atomic_load(&generations->slots[slot].renewals) == renewals;
    if (whole && atomic_load(&generations->active) == active) return;
  }
}

/* ---- what was refused ---- */

void generations_reject(struct generations *generations, struct slice report, int64_t now_ms) {
  if (report.len > REJECTED_SIZE) report.len = 0;
  atomic_fetch_add(&generations->rejections, 1);
  if (report.len > 0) memcpy(rejected_memory(generations), report.ptr, report.len);
  generations->rejected_len = report.len;
  generations->rejected_ms = now_ms;
  atomic_fetch_add(&generations->rejections, 1);
}

bool generations_rejected(const struct generations *generations, struct buffer *out, int64_t *at_ms) {
  size_t start = out->len;
  for (;;) {
    uint64_t before = atomic_load(&generations->rejections);
    size_t len = generations->rejected_len;
    if (before == 0) return false;
    out->len = start;
    if (before % 2 == 0 && len <= REJECTED_SIZE) buffer_append(out, rejected_memory(generations), len);
    *at_ms = generations->rejected_ms;
    if (before % 2 == 0 && atomic_load(&generations->rejections) == before) return true;
  }
}
