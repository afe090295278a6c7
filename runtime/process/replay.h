// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/launch.h"

/* The command `moongate replay`: recorded requests run through the real gateway once more, with the recorded upstreams,
 * time and randomness instead of the world's, and without a network.
 *   --from FILE            the recording
 *   --script NAME[@FILE]   a script of this generation, or what FILE holds in its place
 *   --trace ID             this request alone
 * Returns the program's exit code: 0 all answers are identical, 1 some differ, 2 it cannot be run. */
int replay_run(const char *scripts, const struct program_doors *doors, int argc, char **argv);
