// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "process/record.h"

/* What differs between a request as it was recorded and as it was replayed: what upstreams were sent, and the answer's
 * status, header fields and bytes. Times, and fields that tell them, are not looked at. Writes one block for a reader;
 * nothing, and true, when all is the same. */
bool replay_compare(const struct record *then, const struct record *now, FILE *out);
