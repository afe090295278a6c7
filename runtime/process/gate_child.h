// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/gate.h"

/* The inside of the gate's process. For gate.c only. */
enum { GATE_EXIT_ACCEPTED = 40, GATE_EXIT_REFUSED, GATE_EXIT_UNCHANGED, GATE_EXIT_CONFIRMED, GATE_EXIT_REPEATED };

/* Never returns. */
_Noreturn void gate_child(const struct gate *gate, const struct gate_task *task, pid_t parent);

/* Writes a report of one reason into the slot: about the beginning of a file, or "" when it is nobody's. */
void gate_refuse(struct generations *generations, unsigned slot, const char *file, const char *why);
