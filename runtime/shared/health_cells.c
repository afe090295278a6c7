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

/* What no generation names any more is kept, for the next may name it again, until there is no room otherwise. */
static void sweep(struct health *health) {
  for (unsigned i = 0; i < health->used; i++) {
    if (health->hashes[i] != 0 && !is_named(health, i)) health->hashes[i] = 0;
  }
}

static unsigned take_free(struct health *health) {
  unsigned cell = find(health, 0);
  if (cell != NONE || health->used == HEALTH_CELLS) return cell;
  return health->used++;
}

static void owner_write(struct health_owner *owner, uint64_t target, struct slice model) {
  owner->target = target;
  owner->model.len = model.len <= sizeof owner->model.text ? model.len : 0;
  if (owner->model.len > 0) memcpy(owner->model.text, model.ptr, owner->model.len);
}

static unsigned take(struct health *health, uint64_t hash, uint64_t target, struct slice model) {
  unsigned cell = take_free(health);
  if (cell == NONE) {
    sweep(health);
    cell = take_free(health);
  }
  if (cell == NONE) return NONE;
  memset(&health->cells[cell], 0, sizeof health->cells[cell]);
  owner_write(&health->owners[cell], target, model);
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
  if (found == NONE) found = take(health, hash, 0, (struct slice){0});
  struct health_cell *cell = named(health, found, worker);
  unlock(health);
  return cell;
}

/* ---- models, with the lock held ---- */

static uint64_t target_hash(const struct health *health, const struct health_cell *target) {
  return health->hashes[target - health->cells];
}

/* NONE: nobody's any more, or another target's. */
static unsigned model_at(const struct health *health, const struct health_cell *target, unsigned place) {
  unsigned cell = target->models[place] - 1u;
  if (cell >= NONE || health->hashes[cell] == 0) return NONE;
  return health->owners[cell].target == target_hash(health, target) ? cell : NONE;
}

/* It may be there already, or have been lost with a process that was killed. */
static void model_list(const struct health *health, struct health_cell *target, unsigned cell) {
  unsigned empty = HEALTH_MODELS_MAX;
  for (unsigned i = 0; i < HEALTH_MODELS_MAX; i++) {
    if (target->models[i] == cell + 1) return;
    if (empty == HEALTH_MODELS_MAX && model_at(health, target, i) == NONE) empty = i;
  }
  if (empty < HEALTH_MODELS_MAX) target->models[empty] = (uint16_t)(cell + 1);
}

/* Whether one more may have a cell: one that no generation asks for, and that does well, makes room. */
static bool has_room(struct health *health, const struct health_cell *target, unsigned most) {
  unsigned count = 0, idle = NONE;
  for (unsigned i = 0; i < HEALTH_MODELS_MAX; i++) {
    unsigned cell = model_at(health, target, i);
    if (cell == NONE) continue;
    count++;
    if (idle == NONE && !is_named(health, cell) && breaker_is_closed(&health->cells[cell].breaker)) idle = cell;
  }
  if (count < most) return true;
  if (count > most || idle == NONE) return false;
  health->hashes[idle] = 0;
  return true;
}

static struct health_cell *model_find(struct health *health, struct health_cell *target, struct slice model,
                                      unsigned most, unsigned worker) {
  uint64_t parts[2] = {target_hash(health, target), map_hash(model)};
  uint64_t hash = hash_of(slice_make((const char *)parts, sizeof parts));
  unsigned found = find(health, hash);
  if (found == NONE && has_room(health, target, most)) found = take(health, hash, parts[0], model);
  if (found == NONE) return target;
  model_list(health, target, found);
  return named(health, found, worker);
}

struct health_cell *health_find_model(struct health *health, struct health_cell *target, struct slice model, bool guess,
                                      unsigned worker) {
  if (health_is_shared(health, target)) return target;
  lock(health);
  unsigned most = guess ? HEALTH_GUESSES_MAX : HEALTH_MODELS_MAX;
  struct health_cell *cell = model_find(health, target, model, most, worker);
  unlock(health);
  return cell;
}

bool health_model_name(struct health *health, const struct health_cell *target, unsigned place,
                       struct health_name *out) {
  if (health_is_shared(health, target)) return false;
  lock(health);
  unsigned cell = model_at(health, target, place);
  if (cell != NONE) *out = health->owners[cell].model;
  unlock(health);
  return cell != NONE && out->len > 0;
}

uint64_t health_models_mark(struct health *health, const struct health_cell *target) {
  uint64_t mark = 0;
  if (health_is_shared(health, target)) return mark;
  lock(health);
  for (unsigned i = 0; i < HEALTH_MODELS_MAX; i++) {
    unsigned cell = model_at(health, target, i);
    if (cell != NONE) mark ^= health->hashes[cell];
  }
  unlock(health);
  return mark;
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
