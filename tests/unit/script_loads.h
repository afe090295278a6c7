// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "script/loader.h"
#include "script_support.h"

/* Scripts that load or are refused, in a VM with a memory cap. */

enum { MIB = 1024 * 1024 };

static struct play play;
static struct vm *vm;

static inline int set_up(void **state) {
  (void)state;
  play_open(&play);
  vm = play_vm(&play, 64 * MIB, NULL);
  return 0;
}

static inline int tear_down(void **state) {
  (void)state;
  vm_close(vm);
  play_close(&play);
  return 0;
}

/* Loads plugins/x.lua with this text; pushes its value or fails with `error`. */
static inline int load(const char *text, struct error *error) {
  play_put(&play, vm, "plugins/x.lua", text);
  return loader_load(vm, vm_state(vm), "plugins", "x", error);
}

static inline void refused(const char *text, const char *message) {
  struct error error = {0};
  assert_int_equal(load(text, &error), -1);
  assert_string_equal(error.message, message);
  assert_string_equal(error.code, "script_error");
  assert_int_equal(lua_gettop(vm_state(vm)), 0);
}
