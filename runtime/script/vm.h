// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* One Lua state of one generation: sandboxed, capped, without JIT and FFI. The memory cap holds while scripts run; what
 * the runtime itself puts into the VM between runs (a request's box, a coroutine) is small and never refused. */
struct vm;
struct budget;
struct bundle;

struct vm_options {
  const struct bundle *bundle; /* where every file comes from; its bytes are borrowed until vm_let_go or vm_close */
  const char *const *roots;    /* without a bundle: script folders, which are read into one of the VM's own. Copied. */
  size_t root_count;
  const char *catalog_overlay;      /* without a bundle: the file of catalog.overlay, or null. Copied. */
  size_t memory_limit;              /* bytes of Lua heap: 64 MiB; 0 = none (spec runs) */
  struct budget *budget;            /* CPU watchdog, shared by the VMs of a worker; null = none; outlives the VM */
  void *host;                       /* what bindings find with vm_host(): the worker, or null in specs */
  void *generation;                 /* what bindings find with vm_generation(); null = none */
  void (*open_doors)(lua_State *L); /* registers the gateway.* modules: bindings/open.c; null = none */
  bool privileged;                  /* spec runner: full standard library beside the sandbox, for busted */
};

struct vm *vm_open(const struct vm_options *options, struct error *error);
/* Cancels the tasks that are still open, runs finalizers, gives every page back. */
void vm_close(struct vm *vm);

/* Loads and runs a hallway module ("init") from the roots and keeps what it returns under its name.
 * On failure `error` says file:line and why. */
int vm_require(struct vm *vm, const char *module, struct error *error);

/* Reads the roots again: what is loaded from now on is what is on disk now. */
int vm_refresh(struct vm *vm, struct error *error);

/* Everything is loaded: the bundle's bytes are not needed any more. Files that a script may still require are copied.
 */
void vm_let_go(struct vm *vm);

/* Compiles some more files ahead of their loading, for about `nanoseconds`; `*position` is where it is, from 0 on.
 * False when all are done. */
bool vm_compile(struct vm *vm, size_t *position, uint64_t nanoseconds);

/* Every file this VM loads from. */
const struct bundle *vm_bundle(const struct vm *vm);

/* The configuration's text when it came with the bundle and was at `path`. Valid until vm_let_go. */
bool vm_configuration(struct vm *vm, const char *path, struct slice *text);

/* The image of runtime/catalog that came with the bundle; empty without one. Valid until vm_close, at another place
 * after vm_let_go. */
struct slice vm_catalog(struct vm *vm);

/* Pushes the function `name` of the loaded module's table. False when there is none (and nothing was pushed). */
bool vm_push_function(struct vm *vm, lua_State *L, const char *module, const char *name);

/* Calls the function below the `argument_count` values on top of the main state: for set-up, outside any task, without
 * a CPU limit of its own. Leaves `result_count` values. On failure pops everything and returns -1 with the message in
 * `error`. */
int vm_call(struct vm *vm, int argument_count, int result_count, struct error *error);

lua_State *vm_state(struct vm *vm);
struct vm *vm_of(lua_State *L); /* from any coroutine of it */
void *vm_host(lua_State *L);
void *vm_generation(lua_State *L);
size_t vm_memory(const struct vm *vm);

/* Before `size` bytes go into the VM at once: collects garbage first where the cap is near. Safe inside C functions
 * that Lua has called. */
void vm_memory_reserve(struct vm *vm, size_t size);

/* The script that runs now is handed `size` bytes to work on: it may use CPU time in proportion. Only for code that
 * scripts cannot call. */
void vm_work_expect(struct vm *vm, size_t size);

/* A step of garbage collection between requests: nothing while little has been allocated since the last cycle, else
 * some ten microseconds. */
void vm_idle(struct vm *vm);

/* Collects everything at once, some milliseconds: after a burst, when little runs. */
void vm_collect(struct vm *vm);

/* Open tasks of this VM. */
unsigned vm_tasks(const struct vm *vm);

/* Calls `idle` whenever the last open task has ended (generation swap: a retired VM may then be closed, also inside the
 * callback). */
void vm_on_idle(struct vm *vm, void (*idle)(struct vm *vm, void *owner), void *owner);
