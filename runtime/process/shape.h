// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "process/route.h"

/* Errors in the words of the client's API. Codes and types that come in are those of OpenAI's errors. */
struct call_problem;
struct http_request;

/* The route's. Models are listed at one path for several kinds of clients: a line that only one kind sends says which:
 * Anthropic's version, Google's key. */
enum shape shape_of(const struct route *route, const struct http_request *request);

/* The status that clients of this shape get for an error: some of Anthropic's are of its own. */
int shape_status(enum shape shape, const struct call_problem *problem);

/* Appends the body of an error answer. `trace_id`: the request's, 32 digits. */
void shape_body(enum shape shape, const struct call_problem *problem, const char *trace_id, struct buffer *out);

/* Appends the event of a stream that says the same. */
void shape_event(enum shape shape, const struct call_problem *problem, const char *trace_id, struct buffer *out);

/* What says on a silent stream that it is still there. */
struct slice shape_ping(enum shape shape);
