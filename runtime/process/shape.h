// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "process/route.h"

/* Errors in the words of the client's API. Codes and types that come in are those of OpenAI's errors. */
struct call_problem;

/* The route's; models are listed to Anthropic's clients in theirs, whom the version they send gives away. */
enum shape shape_of(const struct route *route, struct slice anthropic_version);

/* The status that clients of this shape get for an error: some of Anthropic's are of its own. */
int shape_status(enum shape shape, const struct call_problem *problem);

/* Appends the body of an error answer. `trace_id`: the request's, 32 digits. */
void shape_body(enum shape shape, const struct call_problem *problem, const char *trace_id, struct buffer *out);

/* Appends the event of a stream that says the same. */
void shape_event(enum shape shape, const struct call_problem *problem, const char *trace_id, struct buffer *out);

/* What says on a silent stream that it is still there. */
struct slice shape_ping(enum shape shape);
