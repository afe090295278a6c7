// SPDX-License-Identifier: Apache-2.0
#include "script/state.h"

/* A collection cycle begins by itself when the heap has doubled; between requests vm_idle begins one earlier, so that
 * most of the work is done where nobody waits. Lua's own steps are small however big the strings are that become
 * garbage, and it does not collect before it gives up: so big results ask for room first. */
enum {
  PAUSE_PERCENT = 800,
  STEP_PERCENT = 1000, /* five times Lua's own */
  CAP_PERCENT = 75,
  IDLE_GROWTH = 1536 * 1024,
  IDLE_STEPS = 2,
  IDLE_BYTES_PER_STEP = 256 * 1024
};

void vm_memory_settle(struct vm *vm) {
  const struct allocator *allocator = &vm->allocator;
  vm->settled = allocator->used;
  size_t pause = PAUSE_PERCENT;
  if (allocator->limit > 0 && allocator->used > 0) {
    size_t room = allocator->limit / 100 * CAP_PERCENT * 100 / allocator->used;
    if (room < pause) pause = room > 105 ? room : 105;
  }
  lua_gc(vm->L, LUA_GCSETPAUSE, (int)pause);
  lua_gc(vm->L, LUA_GCSETSTEPMUL, STEP_PERCENT);
  lua_gc(vm->L, LUA_GCRESTART, -1);
}

static void collect(struct vm *vm) {
  struct allocator *allocator = &vm->allocator;
  bool capped = allocator->capped;
  allocator->capped = false; /* the collector itself may need a few bytes */
  size_t before;
  do { /* the table of strings only halves in each cycle */
    before = allocator->used;
    lua_gc(vm->L, LUA_GCCOLLECT, 0);
  } while (allocator->used < before / 4 * 3);
  vm_memory_settle(vm);
  allocator->capped = capped;
}

void vm_collect(struct vm *vm) {
  collect(vm);
}

bool vm_memory_recover(struct vm *vm) {
  if (vm->allocator.refused == 0) return false;
  vm->allocator.refused = 0;
  collect(vm);
  return true;
}

void vm_memory_sweep(struct vm *vm) {
  const struct allocator *allocator = &vm->allocator;
  if (allocator->limit > 0 && allocator->used > allocator->limit / 2) collect(vm);
}

static size_t grown(struct vm *vm) {
  size_t used = vm->allocator.used;
  if (used < vm->settled) vm->settled = used;
  return used - vm->settled;
}

void vm_memory_reserve(struct vm *vm, size_t size) {
  const struct allocator *allocator = &vm->allocator;
  if (allocator->limit == 0 || allocator->used + size <= allocator->limit / 2) return;
  if (grown(vm) + size > allocator->limit / 8) collect(vm);
}

void vm_idle(struct vm *vm) {
  size_t garbage = grown(vm);
  if (garbage < IDLE_GROWTH + vm->settled) return;
  size_t steps = IDLE_STEPS + garbage / IDLE_BYTES_PER_STEP;
  for (size_t i = 0; i < steps; i++) {
    if (!lua_gc(vm->L, LUA_GCSTEP, 0)) continue;
    vm_memory_settle(vm);
    return;
  }
}

size_t vm_memory(const struct vm *vm) {
  return vm->allocator.used;
}
