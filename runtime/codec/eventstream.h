// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* AWS event streams (application/vnd.amazon.eventstream) cut out of a byte stream that may be split anywhere: binary
 * messages of a prelude (total length, headers' length, its CRC-32), headers, a payload and a CRC-32 over all, numbers
 * big-endian. Keeps at most one unfinished message. */

enum eventstream_type { /* of a header's value, as on the wire */
                        EVENTSTREAM_TRUE,
                        EVENTSTREAM_FALSE,
                        EVENTSTREAM_BYTE,
                        EVENTSTREAM_SHORT,
                        EVENTSTREAM_INTEGER,
                        EVENTSTREAM_LONG,
                        EVENTSTREAM_BYTES,
                        EVENTSTREAM_STRING,
                        EVENTSTREAM_TIMESTAMP, /* milliseconds since 1970 */
                        EVENTSTREAM_UUID,
};

struct eventstream_header {
  struct slice name;
  enum eventstream_type type;
  struct slice value; /* its bytes as on the wire, big-endian numbers; empty for true and false */
};

struct eventstream_event {
  struct slice raw;     /* the whole message */
  struct slice headers; /* for eventstream_header_next */
  struct slice name;    /* :event-type, "exception." and the :exception-type, or "error." and the :error-code */
  struct slice data;    /* the payload; of an error without one its :error-message */
};

struct eventstream {
  struct buffer held; /* the unfinished message's bytes; owned */
  struct buffer name; /* the name of an exception or error; owned */
  struct slice input; /* borrowed until the next eventstream_feed */
  size_t limit;       /* largest message, bytes */
  bool given;         /* the event in `held` has been given out */
  bool too_large, corrupt;
};

enum eventstream_result { EVENTSTREAM_NEED_MORE, EVENTSTREAM_EVENT, EVENTSTREAM_TOO_LARGE, EVENTSTREAM_CORRUPT };

void eventstream_init(struct eventstream *stream, size_t limit);

/* Gives the next bytes. Call eventstream_next until it says EVENTSTREAM_NEED_MORE before feeding again; `bytes` is
 * borrowed until then. */
void eventstream_feed(struct eventstream *stream, struct slice bytes);

/* The next whole message. Its slices are valid until the next call. A message that lies whole inside the fed bytes is
 * not copied. EVENTSTREAM_TOO_LARGE (past the limit) and EVENTSTREAM_CORRUPT (a wrong checksum, impossible lengths,
 * malformed headers) are for good. */
enum eventstream_result eventstream_next(struct eventstream *stream, struct eventstream_event *event);

/* Takes the first header off `headers`. 1: `header` is filled, 0: there is none left, -1: malformed. */
int eventstream_header_next(struct slice *headers, struct eventstream_header *header);

/* True when no bytes of an unfinished message are held: a body may end here. */
bool eventstream_at_boundary(const struct eventstream *stream);
void eventstream_free(struct eventstream *stream);
