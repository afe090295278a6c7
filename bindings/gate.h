// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/judge.h"

/* main's handle for the gate: see process/judge.h. The candidate is loaded as a worker loads it (lua/judge.lua), then
 * its specs run in a VM with busted (lua/specs.lua). Uses SIGPROF and may leave garbage: for a process of its own. */
int bind_judge(const struct judge_task *task, struct buffer *report);
