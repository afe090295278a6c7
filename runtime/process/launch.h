// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* What the commands `serve` and `check` do between main's arguments and the processes. */
struct worker;
struct call;
struct lua_State;
struct judge_task;

/* The script side, handed in by main: runtime never includes bindings. */
struct program_doors {
  void (*open_doors)(struct lua_State *L);
  /* Checks configuration and scripts in the worker's VM and fills its settings. -1: `report` has every error, a line
   * each. */
  int (*check)(struct worker *worker, struct buffer *report);
  void (*serve)(struct call *call);
  int (*judge)(const struct judge_task *task, struct buffer *report); /* see process/judge.h */
};

/* The folder of the bundled scripts: beside the program (../lua) or installed (../share/moongate/lua). */
int launch_find_scripts(char *out, size_t size);

/* Both return the program's exit code. */
int launch_serve(const char *scripts, const struct program_doors *doors);
int launch_check(const char *scripts, const char *config_path, const struct program_doors *doors);
