// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"

/* A script that failed: one line in the log, one count. */
struct task;
struct worker;

/* `trace_id`: 32 digits of the call it happened in; null for work of no call. Never shows what a client wrote. */
void fault_note(struct worker *worker, const struct task *task, const struct error *error, const char *trace_id);
