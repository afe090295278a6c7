// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"

/* One Lua state of one generation: sandboxed, capped, without JIT and FFI. */
struct vm;
struct budget;

struct vm_options {
  const char *const
      *roots; /* script folders, later ones win over earlier ones; each holds providers/, strategies/ ... */
  size_t root_count;
  size_t memory_limit;              /* bytes of Lua heap: 64 MiB; 0 = none (spec runs) */
  struct budget *budget;            /* CPU watchdog, shared by the VMs of a worker; null = none */
  void *host;                       /* what bindings find with vm_host(): the worker, or null in specs */
  void (*open_doors)(lua_State *L); /* fills package of gateway.* modules: bindings/open.c */
  bool privileged;                  /* spec runner: full standard library beside the sandbox, for busted */
};

struct vm *vm_open(const struct vm_options *options, struct error *error);
void vm_close(struct vm *vm);

/* Loads and runs a hallway module ("init") from the roots and keeps what it returns under its name.
 * On failure `error` says file:line and why. */
int vm_require(struct vm *vm, const char *module, struct error *error);

/* Pushes the function `name` of the loaded module's table. False when there is none. */
bool vm_push_function(struct vm *vm, lua_State *L, const char *module, const char *name);

lua_State *vm_state(struct vm *vm);
struct vm *vm_of(lua_State *L); /* from any coroutine of it */
void *vm_host(lua_State *L);
size_t vm_memory(const struct vm *vm);

/* A step of garbage collection between requests; cheap. */
void vm_idle(struct vm *vm);

/* Open tasks of this VM; when a retired VM reaches 0, `vm_on_idle`'s callback is due (generation swap). */
unsigned vm_tasks(const struct vm *vm);
