// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/replay_options.h"
#include "process/roots.h"
#include "script/bundle.h"

/* The scripts of a replay: what is on disk, with a file in the place of one of them where that was asked for. */
struct replay_script {
  struct buffer bytes; /* owned */
  struct bundle bundle;
};

int replay_script_open(struct replay_script *script, const struct script_roots *roots,
                       const struct replay_options *options, struct error *error);
void replay_script_close(struct replay_script *script);
