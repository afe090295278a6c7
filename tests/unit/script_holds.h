// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "script/budget.h"
#include "script/loader.h"
#include "script_support.h"

/* Scripts that hold or fail, in a VM with every limit. */

enum { MIB = 1024 * 1024, LIMIT_MS = 50 * SLOWNESS };

static struct play play;
static struct budget *budget;
static struct vm *vm;

static inline int set_up(void **state) {
  (void)state;
  play_open(&play);
  budget = budget_open(LIMIT_MS);
  vm = play_vm(&play, 64 * MIB, budget);
  return 0;
}

static inline int tear_down(void **state) {
  (void)state;
  vm_close(vm);
  budget_close(budget);
  play_close(&play);
  return 0;
}

static inline int load(const char *text, struct error *error) {
  play_put(&play, vm, "plugins/x.lua", text);
  return loader_load(vm, vm_state(vm), "plugins", "x", error);
}

/* The script fails with a message that holds `message`. */
static inline void fails(const char *text, const char *message) {
  struct error error = {0};
  if (load(text, &error) == 0) fail_msg("accepted: %s", text);
  if (!strstr(error.message, message)) fail_msg("%s\n  said: %s\n  not: %s", text, error.message, message);
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}

/* The script returns true (or a string that says what went wrong). */
static inline void holds(const char *text) {
  struct error error = {0};
  lua_State *L = vm_state(vm);
  if (load(text, &error) < 0) fail_msg("%s\n  failed: %s", text, error.message);
  if (!lua_isboolean(L, -1) || !lua_toboolean(L, -1)) fail_msg("%s\n  gave: %s", text, lua_tostring(L, -1));
  lua_pop(L, 1);
}
