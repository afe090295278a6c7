// SPDX-License-Identifier: Apache-2.0
#include "script/brood.h"

static void on_time(struct timer *timer);

void brood_open(struct brood *brood, struct loop *loop, void (*failed)(void *, struct task *, const struct error *),
                void *owner) {
  *brood = (struct brood){.loop = loop, .failed = failed, .owner = owner};
  timer_init(&brood->timer, on_time);
}

/* The parent goes on; what it learns is found when it does. */
static void wake(struct brood *brood) {
  struct task *parent = brood->parent;
  brood->parent = NULL;
  timer_stop(&brood->timer);
  if (parent) task_wake(parent, brood->number);
}

static void on_time(struct timer *timer) {
  wake(LIST_OWNER(timer, struct brood, timer));
}

static void child_done(struct task *task, void *owner, const struct error *error) {
  struct brood_child *child = owner;
  child->task = NULL;
  if (error) {
    child->brood->failed(child->brood->owner, task, error);
  } else {
    wake(child->brood);
  }
}

int brood_start(struct brood *brood, lua_State *L, int argument_count) {
  if (brood->count == BROOD_MAX) return -1;
  struct brood_child *child = &brood->children[brood->count];
  *child = (struct brood_child){.brood = brood};
  child->task = task_start(vm_of(L), brood->loop, L, argument_count, child_done, child);
  return (int)brood->count++;
}

static int push_ended(struct brood *brood, lua_State *L) {
  for (unsigned i = 0; i < brood->count; i++) {
    struct brood_child *child = &brood->children[i];
    if (child->task || child->told) continue;
    child->told = true;
    lua_pushinteger(L, (lua_Integer)i + 1);
    return 1;
  }
  return 0;
}

static int await_results(lua_State *L, void *operation) {
  return push_ended(operation, L);
}

static void await_abort(void *operation) {
  struct brood *brood = operation;
  brood->parent = NULL;
  brood_close(brood);
}

int brood_await(struct brood *brood, lua_State *L, double milliseconds) {
  struct task *parent = task_check(L);
  int ended = push_ended(brood, L);
  if (ended > 0) return ended;
  brood->number = task_wait(L, brood, await_results, await_abort);
  brood->parent = parent;
  if (milliseconds >= 0) timer_start(brood->loop->wheel, &brood->timer, (uint64_t)milliseconds);
  return lua_yield(L, 0);
}

const struct task *brood_cancel(struct brood *brood, unsigned index) {
  struct brood_child *child = &brood->children[index];
  struct task *task = child->task;
  child->task = NULL;
  child->told = true;
  if (task) task_cancel(task);
  return task;
}

void brood_close(struct brood *brood) {
  timer_stop(&brood->timer);
  for (unsigned i = 0; i < brood->count; i++) brood_cancel(brood, i);
}

void *brood_owner_of(const struct task *task) {
  if (!task_is(task, child_done)) return NULL;
  const struct brood_child *child = task_owner(task);
  return child->brood->owner;
}
