// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "upstream/transfer.h"

/* Private to this room. */

/* Refuses what must not reach the wire, with upstream_bad_request: control bytes, bad names, fields that this room
 * writes itself. */
int request_check(const struct transfer_request *request, struct error *error);

/* Appends the whole head of a checked request. */
void request_write(const struct transfer_request *request, struct slice authority, struct buffer *out);

uint64_t request_body_length(const struct transfer_request *request);
