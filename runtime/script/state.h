// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "base/list.h"
#include "script/allocator.h"
#include "script/budget.h"
#include "script/bundle.h"
#include "script/pattern.h"
#include "script/vm.h"

/* What the files of this room share about a VM. No other room includes this. */

enum { VM_CALLBACK_DEPTH = 16, VM_SPARES = 64 };

/* A coroutine that came to its end. */
struct vm_spare {
  lua_State *thread;
  int anchor; /* where the registry holds it */
};

struct vm {
  struct allocator allocator; /* first: the allocator's pointer is the VM's, see vm_of */
  lua_State *L;
  struct budget *budget;
  void *host;
  void *generation;
  char **roots; /* owned copies */
  size_t root_count;
  char *catalog_overlay; /* owned copy; null = none */
  struct list tasks;
  unsigned task_count;
  struct task *running; /* null between runs */
  struct vm_spare spares[VM_SPARES];
  unsigned spare_count;
  unsigned depth; /* Lua functions called back from C and not yet returned */
  uint64_t opened_ns;
  size_t settled; /* bytes in use when the last collection cycle ended */
  void (*idle)(struct vm *vm, void *owner);
  void *idle_owner;
  /* places in the registry */
  int script_env, hallway_env;             /* environments of chunks */
  int doors, private_doors;                /* name -> read-only view */
  int modules, module_views;               /* hallway modules: name -> value, name -> what scripts see of it */
  int task_results, module_run;            /* functions called protected */
  int guard_place, guard_make, guard_time; /* the plain guard; what makes the others */
  int compiled;                            /* path -> function, of files compiled ahead */
  bool reloads;                            /* a spec run: each spec loads everything anew */
  struct pattern_choice choices[PATTERN_CHOICES];
  struct bundle bundle;    /* borrowed, or a view of `own` */
  struct buffer own;       /* the bytes of a bundle that only this VM has */
  struct bundle_file file; /* last looked for */
};

/* A stretch of running scripts: the memory cap holds and, when `counted`, the CPU time too. Stretches nest. */
struct vm_stretch {
  bool outermost;
  bool counted;
};
struct vm_stretch vm_stretch_begin(struct vm *vm, bool counted);
/* Returns the code of what ended it by force: script_cpu_limit, script_memory_limit, or null. After a refused
 * allocation everything unreachable is collected at once, so that the next script finds room. */
const char *vm_stretch_end(struct vm *vm, struct vm_stretch stretch);

/* Notes the size of a heap just collected and when the next cycle is due. */
void vm_memory_settle(struct vm *vm);

/* Collects at once what refused allocations have left; true when there were any. */
bool vm_memory_recover(struct vm *vm);

/* A task that failed is gone, and with it what only its coroutine held: collects where that may be much. */
void vm_memory_sweep(struct vm *vm);

/* Pops the error value on top into `error`: the first line of its message; `code` null means script_error. */
void vm_error_take(lua_State *L, const char *code, struct error *error);

/* Fills vm->bundle from `bundle`, or from the roots. -1 with `error`, and nothing was taken. */
int vm_bundle_open(struct vm *vm, const struct bundle *bundle, struct error *error);

/* What task.c does for a VM: at its opening and its close. */
void task_open(lua_State *L);
void task_cancel_all(struct vm *vm);

void vm_task_opened(struct vm *vm, struct list *node);
/* The task's node is unlinked. May call the VM's idle callback, which may close the VM: the last thing its caller
 * does. */
void vm_task_ended(struct vm *vm);
