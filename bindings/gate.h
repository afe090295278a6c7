// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/judge.h"

struct worker;

/* main's handle for the gate: see process/judge.h. The candidate is loaded as a worker loads it (lua/judge.lua), then
 * its specs run in a VM with busted (lua/specs.lua). Uses SIGPROF and may leave garbage: for a process of its own. */
int bind_judge(const struct judge_task *task, struct buffer *report);

/* main's handle for `moongate check`: loads everything as a worker does, runs no specs. -1: `report` has every error, a
 * line each, with the file as it lies on the disk; 0: what there is to know of it. */
int bind_check(struct worker *worker, struct buffer *report);
