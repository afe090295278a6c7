// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/record.h"
#include "process/worker.h"

/* A worker that plays requests again, one after the other: it serves one end of a socket pair, calls recorded
 * upstreams, and its time moves from one timer to the next. Must not move. */
struct replay_stage {
  struct worker worker;
  struct replay_source source;
  struct record *present; /* the one being replayed; borrowed */
  void (*judge)(void *user, const struct record *then, struct record *now);
  void *user;
  bool judging;   /* what ends is the present request's */
  bool over;      /* and it has */
  bool closed;    /* the pipe */
  uv_pipe_t pipe; /* the client's end */
  struct buffer request;
  uv_write_t write;
  uint64_t seen; /* bytes the client was sent */
};

/* -1: nothing is open, and the log (standard error) says why. */
int replay_stage_open(struct replay_stage *stage, struct segment *segment, const struct worker_program *program);
void replay_stage_close(struct replay_stage *stage);

/* Runs one request to its end; `judge` is then called once, in here. False when it comes to no end. */
bool replay_stage_play(struct replay_stage *stage, struct record *record);
