// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/judge.h"

/* main's handle for the gate: see process/judge.h. */
int bind_judge(const struct judge_task *task, struct buffer *report);
