// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Server-sent events (WHATWG HTML, section 9.2) cut out of a byte stream that may be split anywhere: LF, CRLF and CR
 * line ends, a leading byte-order mark, several data lines, comments. Keeps at most one unfinished event. */

struct sse_event {
  struct slice raw;  /* the event's own bytes with its blank line; what a pass-through forwards */
  struct slice name; /* value of the last `event:` line, empty when there is none */
  struct slice data; /* data lines joined by LF; empty for a comment-only block */
  bool has_data;
};

struct sse {
  struct buffer held; /* the unfinished event's bytes; owned */
  struct buffer text; /* joined data lines, only when an event has several; owned */
  struct slice input; /* borrowed until the next sse_feed */
  size_t limit;       /* largest event, bytes, its blank line included */
  unsigned state;     /* how the unfinished event's bytes end */
  unsigned mark;      /* bytes of a byte-order mark seen at the very start */
  bool started;       /* the byte-order mark has been dealt with */
  bool joined;        /* the present event has several data lines */
  bool too_large;
};

enum sse_result { SSE_NEED_MORE, SSE_EVENT, SSE_TOO_LARGE };

void sse_init(struct sse *sse, size_t limit); /* the contract's limit is 8 MiB */

/* Gives the next bytes. Call sse_next until it says SSE_NEED_MORE before feeding again; `bytes` is borrowed until then.
 */
void sse_feed(struct sse *sse, struct slice bytes);

/* The next whole event. Its slices are valid until the next call. An event that lies whole inside the fed bytes is not
 * copied. Blocks without any line are skipped, a byte-order mark is dropped; apart from these the `raw` of all events
 * together are the stream. The events do not depend on how the bytes were split, so a blank line that ends in CR behind
 * an LF waits for one byte more. SSE_TOO_LARGE is for good. */
enum sse_result sse_next(struct sse *sse, struct sse_event *event);

/* True when no bytes of an unfinished event are held: a body may end here. */
bool sse_at_boundary(const struct sse *sse);
void sse_free(struct sse *sse);
