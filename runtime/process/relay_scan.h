// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/reply.h"

/* How a stream is to be read on its way through: what the upstream sends, and the route's clients expect. */
enum relay_format relay_format_of(const struct reply *reply);

/* Reads an event of another format than chat's: sets `saw_finish`, `saw_error`, `usage`. */
void relay_scan(struct reply *reply, const struct sse_event *event);

/* An event that is no content yet, as codec/content.h has it: nothing is lost with it when another target is asked. */
bool relay_scan_silent(const struct reply *reply, struct slice name, struct slice data);

/* The body has ended: the stream is one that may. */
bool relay_scan_complete(const struct reply *reply);

/* Its last event has come: the upstream need not be waited for. */
bool relay_scan_over(const struct reply *reply);
