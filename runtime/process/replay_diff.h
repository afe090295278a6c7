// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdio.h>

#include "base/slice.h"

/* Writes two texts that differ as a unified diff of their lines, with three lines around: where they begin to differ,
 * what was there and what is there now. Long lines are shown around their first differing byte. */
void replay_diff(const char *what, struct slice then, struct slice now, FILE *out);
