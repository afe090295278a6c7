// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* One chunk of a chat stream: where its texts stand, and the same chunk with others in their places, every other byte
 * as it came. */

struct delta_text {
  const char *name; /* static: the member that spells a text piece by piece (content, refusal, arguments ...); "other":
                       a text that comes whole, wherever it stands; null: no text, but it repeats one (logprobs) */
  long choice;      /* the choice's index */
  long tool;        /* the tool call's index, else -1 */
  struct slice raw; /* in the chunk: the string with its quotes */
};

struct delta {
  struct slice chunk;     /* borrowed until the next delta_read */
  struct slice choices;   /* raw, in the chunk; a null slice when there are none */
  struct slice usage;     /* the same: an object */
  struct buffer texts;    /* owned: struct delta_text by place */
  struct buffer finished; /* owned: the index (long) of each choice that ends with this chunk */
  bool more;              /* it says more than its texts: a role, a call's name, an end */
  bool error;             /* it is an error, no chunk */
  bool no_choices;        /* `choices` is empty */
};

/* False when it is no JSON object. Strings may be cut inside a character. */
bool delta_read(struct delta *delta, struct slice chunk);
void delta_free(struct delta *delta);

size_t delta_count(const struct delta *delta);
const struct delta_text *delta_at(const struct delta *delta, size_t position);

/* Appends the chunk with `texts[i]` for its text `i`, where that is no null slice; what repeats texts becomes null. */
void delta_render(const struct delta *delta, const struct slice *texts, struct buffer *out);

/* Appends the chunk with other choices (raw) and without its usage. */
void delta_render_around(const struct delta *delta, struct slice choices, struct buffer *out);
