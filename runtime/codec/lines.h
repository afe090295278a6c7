// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* A value a line (NDJSON) cut out of a byte stream that may be split anywhere. Keeps at most one unfinished line. */

struct lines {
  struct buffer held; /* the unfinished line's bytes; owned */
  struct slice input; /* borrowed until the next lines_feed */
  size_t limit;       /* longest line, bytes, its end not counted */
  bool given;         /* the line in `held` has been given out */
  bool too_large;
};

enum lines_result { LINES_NEED_MORE, LINES_LINE, LINES_TOO_LARGE };

void lines_init(struct lines *lines, size_t limit);

/* Gives the next bytes, borrowed until lines_next says LINES_NEED_MORE. */
void lines_feed(struct lines *lines, struct slice bytes);

/* The next whole line, without its LF or CRLF; valid until the next call. Blank lines are skipped. LINES_TOO_LARGE is
 * for good. */
enum lines_result lines_next(struct lines *lines, struct slice *line);

/* True when no bytes of an unfinished line are held. */
bool lines_at_boundary(const struct lines *lines);
void lines_free(struct lines *lines);
