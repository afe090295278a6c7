// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "telemetry/redact.h"

/* The next thing with the shape of a secret that begins in text[from, limit). Inside this room only. */
bool redact_shape_next(struct slice text, size_t from, size_t limit, struct redact_match *match);
