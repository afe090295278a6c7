// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/replay_options.h"

/* The script folders of a replay: those of the generation, and, where a file stands for a script, one above them. */
struct replay_script {
  const char *roots[2];
  unsigned root_count;
  char overlay[64]; /* owned; a folder of our own, empty = none */
  char link[256];   /* in it */
};

int replay_script_open(struct replay_script *script, const char *scripts, const struct replay_options *options,
                       struct error *error);
void replay_script_close(struct replay_script *script);
