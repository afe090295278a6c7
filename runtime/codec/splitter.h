// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/eventstream.h"
#include "codec/lines.h"
#include "codec/sse.h"

/* A stream's body cut into events, whatever it is framed in. */

enum framing { FRAMING_SSE, FRAMING_NDJSON, FRAMING_EVENTSTREAM };

struct splitter_event {
  struct slice name; /* sse: its `event:`; ndjson: empty; eventstream: see eventstream.h */
  struct slice data;
};

struct splitter {
  enum framing framing;
  union {
    struct sse sse;
    struct lines lines;
    struct eventstream eventstream;
  };
};

enum splitter_result { SPLITTER_NEED_MORE, SPLITTER_EVENT, SPLITTER_TOO_LARGE, SPLITTER_CORRUPT };

/* "sse", "ndjson", "eventstream". False for any other name. */
bool framing_named(struct slice name, enum framing *framing);

/* Whether a body of this content type (parameters and all) is framed so. */
bool framing_has_type(enum framing framing, struct slice content_type);

/* `limit`: the largest event, bytes. A zeroed splitter is one of SSE that was not initialised: it may be freed. */
void splitter_init(struct splitter *splitter, enum framing framing, size_t limit);

/* Gives the next bytes, borrowed until splitter_next says SPLITTER_NEED_MORE. */
void splitter_feed(struct splitter *splitter, struct slice bytes);

/* The next event that has data; its slices are valid until the next call. SSE: JSON that stands alone, without `data:`,
 * is one, too. TOO_LARGE and CORRUPT are for good. */
enum splitter_result splitter_next(struct splitter *splitter, struct splitter_event *event);

/* At a body's clean end: the event that only lacks its end mark, if it may. SSE: `[DONE]` or JSON that stands alone;
 * ndjson: a last line without its line end. Feeds the splitter. */
bool splitter_last(struct splitter *splitter, struct splitter_event *event);

/* True when no bytes of an unfinished event are held: a body may end here. */
bool splitter_at_boundary(const struct splitter *splitter);
void splitter_free(struct splitter *splitter);
