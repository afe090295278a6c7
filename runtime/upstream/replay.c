// SPDX-License-Identifier: Apache-2.0
#include "upstream/replay.h"

#include <stdlib.h>

#include "base/check.h"
#include "upstream/replay_lane.h"

enum { PATIENCE_MS = 60 * 60 * 1000 };

struct replay {
  struct transfer transfer; /* first: the interface's view */
  struct replay_answer answer;
  struct transfer_response response;
  uint64_t begun; /* the wheel's time */
  struct timer timer;
  struct loop_job job;
  bool headed;
  size_t next; /* piece */
};

static struct timer_wheel *wheel_of(const struct replay *replay) {
  return replay->transfer.upstream->loop->wheel;
}

/* ---- what comes next, and when ---- */

static uint64_t next_at(const struct replay *replay) {
  const struct replay_answer *answer = &replay->answer;
  if (!replay->headed && answer->status) return answer->head_ms;
  if (replay->next < answer->piece_count) return answer->pieces[replay->next].at_ms;
  return answer->open_ended ? PATIENCE_MS : answer->end_ms;
}

/* One event each turn: the scripts that it wakes run before the next. */
static void plan(struct replay *replay) {
  uint64_t at = replay->begun + next_at(replay), now = timer_wheel_now(wheel_of(replay));
  if (replay->transfer.paused) return;
  if (at <= now) {
    loop_defer(replay->transfer.upstream->loop, &replay->job);
  } else {
    timer_start(wheel_of(replay), &replay->timer, at - now);
  }
}

static void on_timer(struct timer *timer) {
  struct replay *replay = LIST_OWNER(timer, struct replay, timer);
  loop_defer(replay->transfer.upstream->loop, &replay->job);
}

static bool head_tell(struct replay *replay) {
  const struct replay_answer *answer = &replay->answer;
  replay->headed = true;
  replay->response = (struct transfer_response){
      .status = answer->status, .fields = answer->fields, .field_count = answer->field_count};
  return transfer_tell_head(&replay->transfer, &replay->response);
}

static bool piece_tell(struct replay *replay) {
  const struct replay_answer *answer = &replay->answer;
  size_t from = replay->next ? answer->pieces[replay->next - 1].end : 0;
  size_t end = answer->pieces[replay->next++].end;
  return transfer_tell_body(&replay->transfer, slice_make(answer->body.ptr + from, end - from));
}

static void end_tell(struct replay *replay) {
  struct error error;
  error_set(&error, 504, "upstream_unrecorded", "nothing more was read of this answer when it was recorded");
  transfer_finish(&replay->transfer, replay->answer.open_ended ? &error : replay->answer.error);
}

static void on_job(struct loop_job *job) {
  struct replay *replay = LIST_OWNER(job, struct replay, job);
  const struct replay_answer *answer = &replay->answer;
  if (replay->transfer.paused) return;
  if (!replay->headed && answer->status) {
    if (head_tell(replay)) plan(replay);
  } else if (replay->next < answer->piece_count) {
    if (piece_tell(replay)) plan(replay);
  } else {
    end_tell(replay);
  }
}

/* ---- the lane ---- */

static void replay_pause(struct transfer *transfer) {
  struct replay *replay = (struct replay *)transfer;
  timer_stop(&replay->timer);
  loop_job_cancel(&replay->job);
}

static void replay_resume(struct transfer *transfer) {
  plan((struct replay *)transfer);
}

static bool replay_stalled(struct transfer *transfer) {
  (void)transfer;
  return false;
}

static void replay_free(struct transfer *transfer) {
  free(transfer);
}

static const struct transfer_lane LANE = {.pause = replay_pause,
                                          .resume = replay_resume,
                                          .stalled = replay_stalled,
                                          .stop = replay_pause,
                                          .free = replay_free};

/* A call that nobody made then. */
static void unrecorded(struct replay *replay) {
  static const struct error error = {.status = 502,
                                     .code = "upstream_unrecorded",
                                     .message = "the recording has no call to this upstream that is not used up"};
  replay->answer = (struct replay_answer){.error = &error, .untouched = true};
}

struct transfer *replay_start(const struct transfer_setup *setup) {
  const struct replay_source *source = setup->upstream->options.replay;
  struct replay *replay = calloc(1, sizeof *replay);
  struct buffer origin = {0};
  REQUIRE(replay != NULL);
  transfer_init(&replay->transfer, &LANE, setup);
  timer_stop(&replay->transfer.total_timer); /* what ran out of time then has its error recorded */
  timer_init(&replay->timer, on_timer);
  loop_job_init(&replay->job, on_job);
  origin_address(setup->request->origin, &origin);
  if (!source->find(source->user, buffer_slice(&origin), setup->request->target, &replay->answer)) unrecorded(replay);
  buffer_free(&origin);
  replay->transfer.touched = !replay->answer.untouched;
  replay->begun = timer_wheel_now(wheel_of(replay));
  plan(replay);
  return &replay->transfer;
}
