// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "telemetry/redact.h"

/* The told values of a redactor. Inside this room only. */

/* The next told value that begins in text[from, limit): the longest where several begin. */
bool redact_told_next(const struct redactor *redactor, struct slice text, size_t from, size_t limit,
                      struct redact_match *match);

/* False when surely none begins in text[0, limit). */
bool redact_told_possible(const struct redactor *redactor, struct slice text, size_t limit);
