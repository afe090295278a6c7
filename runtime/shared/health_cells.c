// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "shared/health.h"

/* Whose the cells are. A process may be killed with the lock held: a cell is its owner's with the one store of its
 * hash, and whatever was begun before that is begun again. */

static size_t head_size(void) {
  return (sizeof(struct health) + 63) & ~(size_t)63;
}

/* A cell's columns begin with a cache line of their own. */
static size_t stride_of(unsigned workers) {
  size_t line = 64 / sizeof(struct health_column);
  return (workers + line - 1) / line * line;
}

size_t health_size(unsigned workers) {
  return head_size() + stride_of(workers) * sizeof(struct health_column) * (HEALTH_CELLS + 1);
}

static void lock_open(pthread_mutex_t *lock) {
  pthread_mutexattr_t attributes;
  REQUIRE(pthread_mutexattr_init(&attributes) == 0);
  REQUIRE(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  REQUIRE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  REQUIRE(pthread_mutex_init(lock, &attributes) == 0);
  pthread_mutexattr_destroy(&attributes);
}

struct health *health_open(void *memory, unsigned workers) {
  struct health *health = memory;
  health->workers = workers;
  health->stride = stride_of(workers);
  health->columns = (struct health_column *)(void *)((char *)memory + head_size());
  lock_open(&health->lock);
  return health;
}

static void lock(struct health *health) {
  int status = pthread_mutex_lock(&health->lock);
  REQUIRE(status == 0 || status == EOWNERDEAD);
  if (status == EOWNERDEAD) REQUIRE(pthread_mutex_consistent(&health->lock) == 0);
}

static void unlock(struct health *health) {
  REQUIRE(pthread_mutex_unlock(&health->lock) == 0);
}

/* ---- whose ---- */

enum { NONE = HEALTH_CELLS };

/* Of nobody: 0. */
static unsigned find(const struct health *health, uint64_t hash) {
  for (unsigned i = 0; i < health->used; i++) {
    if (health->hashes[i] == hash) return i;
  }
  return NONE;
}

static bool is_named(const struct health *health, unsigned cell) {
  for (unsigned i = 0; i < health->workers; i++) {
    if (health->owners[cell].names[i] > 0) return true;
  }
  return false;
}

static void release(struct health *health, unsigned cell) {
  unsigned target = find(health, health->owners[cell].target);
  if (health->owners[cell].target != 0 && target != NONE) health->cells[target].models--;
  health->hashes[cell] = 0;
}

/* What no generation names any more is kept, for the next may name it again, until there is no room otherwise. */
static void sweep(struct health *health) {
  for (unsigned i = 0; i < health->used; i++) {
    if (health->hashes[i] != 0 && !is_named(health, i)) release(health, i);
  }
}

static unsigned take_free(struct health *health) {
  unsigned cell = find(health, 0);
  if (cell != NONE || health->used == HEALTH_CELLS) return cell;
  return health->used++;
}

static unsigned take(struct health *health, uint64_t hash, uint64_t target) {
  unsigned cell = take_free(health);
  if (cell == NONE) {
    sweep(health);
    cell = take_free(health);
  }
  if (cell == NONE) return NONE;
  memset(&health->cells[cell], 0, sizeof health->cells[cell]);
  health->owners[cell].target = target;
  atomic_signal_fence(memory_order_seq_cst);
  health->hashes[cell] = hash;
  return cell;
}

static uint64_t hash_of(struct slice key) {
  uint64_t hash = map_hash(key);
  return hash != 0 ? hash : 1;
}

static struct health_cell *named(struct health *health, unsigned cell, unsigned worker) {
  if (cell != NONE) health->owners[cell].names[worker]++;
  return &health->cells[cell];
}

struct health_cell *health_find(struct health *health, struct slice key, unsigned worker) {
  uint64_t hash = hash_of(key);
  lock(health);
  unsigned found = find(health, hash);
  if (found == NONE) found = take(health, hash, 0);
  struct health_cell *cell = named(health, found, worker);
  unlock(health);
  return cell;
}

/* With the lock held. */
static struct health_cell *model_find(struct health *health, struct health_cell *target, struct slice model,
                                      unsigned worker) {
  uint64_t parts[2] = {health->hashes[target - health->cells], map_hash(model)};
  uint64_t hash = hash_of(slice_make((const char *)parts, sizeof parts));
  unsigned found = find(health, hash);
  if (found == NONE && target->models < HEALTH_MODELS_MAX) {
    found = take(health, hash, parts[0]);
    if (found != NONE) target->models++;
  }
  return found == NONE ? target : named(health, found, worker);
}

struct health_cell *health_find_model(struct health *health, struct health_cell *target, struct slice model,
                                      unsigned worker) {
  if (health_is_shared(health, target)) return target;
  lock(health);
  struct health_cell *cell = model_find(health, target, model, worker);
  unlock(health);
  return cell;
}

bool health_is_shared(const struct health *health, const struct health_cell *cell) {
  return cell == &health->cells[HEALTH_CELLS];
}

void health_drop(struct health *health, struct health_cell *cell, unsigned worker) {
  if (health_is_shared(health, cell)) return;
  lock(health);
  _Atomic uint16_t *names = &health->owners[cell - health->cells].names[worker];
  if (atomic_load(names) > 0) atomic_fetch_sub(names, 1);
  unlock(health);
}

/* ---- a process is gone ---- */

static void column_clear(struct health_column *column) {
  atomic_store(&column->in_flight, 0);
  atomic_store(&column->waiting, 0);
  atomic_store(&column->oldest, 0);
}

/* Without the lock: the supervisor waits for nobody. */
void health_forget(struct health *health, unsigned worker) {
  for (unsigned i = 0; i < health->used; i++) {
    atomic_store(&health->owners[i].names[worker], 0);
    column_clear(health_column(health, &health->cells[i], worker));
    breaker_forget(&health->cells[i].breaker, worker);
  }
}
