// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"
#include "codec/field.h"

/* The third way of a call: answered from what was recorded of an earlier one, without a network. */

struct replay_piece { /* one piece of a body: where it ends, and when it came */
  size_t end;
  unsigned at_ms; /* since the call began, like all times here */
};

struct replay_answer {
  int status; /* 0: it ends without a head */
  const struct http_field *fields;
  unsigned field_count;
  unsigned head_ms, end_ms;
  struct slice body;
  const struct replay_piece *pieces;
  size_t piece_count;
  const struct error *error; /* null: it ends whole */
  bool open_ended;           /* nobody waited for its end: who does now waits for an hour, and then gets an error */
  bool untouched;            /* nothing of the request was sent */
};

/* upstream_options.replay: every call of the room is answered by it. */
struct replay_source {
  /* Fills the answer to a call, whose memory outlives the call; false when there is none (upstream_unrecorded). */
  bool (*find)(void *user, struct slice origin, struct slice path, struct replay_answer *out);
  void *user;
};
