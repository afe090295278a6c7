// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/reload.h"

/* What the log and the metrics are told of generations. For reload.c only. */
void reload_note_number(struct reload *reload);
void reload_note_unwatched(struct reload *reload);
void reload_note_abandoned(struct reload *reload);
void reload_note_no_gate(struct reload *reload);
void reload_note_rejected(struct reload *reload, const struct generation_slot *slot);
void reload_note_activated(struct reload *reload, const struct generation_slot *slot, uint64_t from);
void reload_note_retreat(struct reload *reload, const struct generation_slot *from,
                         const struct retreat_reason *reason);
