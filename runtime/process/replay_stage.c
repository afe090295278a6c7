// SPDX-License-Identifier: Apache-2.0
#include "process/replay_stage.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/secret.h"
#include "process/recorder.h"

enum { QUIET_TURNS = 16, LEAPS_MAX = 1000000 };

/* ---- recorded upstreams ---- */

static void answer_fill(const struct record_exchange *exchange, struct replay_answer *out) {
  *out = (struct replay_answer){.status = exchange->status,
                                .fields = exchange->fields.items,
                                .field_count = exchange->fields.count,
                                .head_ms = exchange->head_ms,
                                .end_ms = exchange->end_ms,
                                .body = buffer_slice(&exchange->body),
                                .pieces = (const void *)exchange->cuts.data,
                                .piece_count = exchange->cuts.len / sizeof(struct replay_piece),
                                .error = exchange->end == RECORD_FAILED ? &exchange->error : NULL,
                                .open_ended = exchange->end == RECORD_STOPPED,
                                .untouched = exchange->untouched};
}

/* The next call that was made to this address then, whichever order the strategy has now. */
static bool answer_find(void *user, struct slice origin, struct slice path, struct replay_answer *out) {
  struct replay_stage *stage = user;
  struct buffer shown = {0};
  bool found = false;
  log_redact(stage->worker.log, path, &shown); /* as it was when it was recorded */
  for (struct record_exchange *each = stage->present->first; each && !found; each = each->next) {
    found = !each->used && slice_equal(each->origin, origin) && slice_equal(each->path, buffer_slice(&shown));
    if (!found) continue;
    each->used = true;
    answer_fill(each, out);
  }
  buffer_free(&shown);
  return found;
}

/* ---- the client ---- */

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
  struct replay_stage *stage = stream->data;
  (void)buf;
  if (len > 0) stage->seen += (uint64_t)len;
  if (len < 0) uv_read_stop(stream);
}

static void request_compose(const struct record *record, struct buffer *out) {
  buffer_append_slice(out, record->method);
  buffer_append(out, " ", 1);
  buffer_append_slice(out, record->target);
  buffer_append_slice(out, SLICE_LITERAL(" HTTP/1.1\r\nHost: replay\r\n"));
  for (unsigned i = 0; i < record->fields.count; i++) {
    buffer_append_slice(out, record->fields.items[i].name);
    buffer_append(out, ": ", 2);
    buffer_append_slice(out, record->fields.items[i].value);
    buffer_append(out, "\r\n", 2);
  }
  if (record->body.len > 0) buffer_append_format(out, "Content-Length: %zu\r\n", record->body.len);
  buffer_append(out, "\r\n", 2);
  buffer_append_slice(out, buffer_slice(&record->body));
}

/* ---- one request ---- */

static void taken(void *user, struct record *now) {
  struct replay_stage *stage = user;
  if (!stage->judging) return;
  stage->over = true;
  if (now->outcome == RECORD_ANSWERED) stage->judge(stage->user, stage->present, now);
}

static int client_open(struct replay_stage *stage) {
  int ends[2];
  struct error error;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) return -1;
  if (http_server_adopt(stage->worker.server, ends[0], &error) < 0) return close(ends[1]), -1;
  uv_pipe_init(&stage->worker.loop.uv, &stage->pipe, 0);
  stage->pipe.data = stage;
  REQUIRE(uv_pipe_open(&stage->pipe, ends[1]) == 0);
  uv_buf_t buf = uv_buf_init(stage->request.data, (unsigned)stage->request.len);
  REQUIRE(uv_write(&stage->write, (uv_stream_t *)&stage->pipe, &buf, 1, NULL) == 0);
  uv_read_start((uv_stream_t *)&stage->pipe, loop_read_alloc, on_read);
  return 0;
}

/* Bytes that either side has moved. */
static uint64_t progress(const struct replay_stage *stage) {
  return stage->seen + stage->request.len - uv_stream_get_write_queue_size((const uv_stream_t *)&stage->pipe);
}

/* Turns the loop until nothing more happens by itself. */
static void settle(struct replay_stage *stage) {
  struct loop *loop = &stage->worker.loop;
  for (int quiet = 0; quiet < QUIET_TURNS && !stage->over; quiet++) {
    uint64_t before = progress(stage);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    if (progress(stage) != before || loop_busy(loop)) quiet = 0;
  }
}

static void on_closed(uv_handle_t *handle) {
  struct replay_stage *stage = handle->data;
  stage->closed = true;
}

/* Leaves nothing of this request for the next one. */
static void client_close(struct replay_stage *stage) {
  stage->judging = stage->over = stage->closed = false;
  uv_close((uv_handle_t *)&stage->pipe, on_closed);
  while (!stage->closed || http_server_connections(stage->worker.server) > 0) {
    uv_run(&stage->worker.loop.uv, UV_RUN_NOWAIT);
  }
}

static void moment_set(struct replay_stage *stage, struct record *record) {
  struct worker *worker = &stage->worker;
  stage->present = record;
  stage->judging = true;
  stage->over = false;
  stage->seen = 0;
  record->tape.playing = true;
  worker->replayed = record;
  clock_fix(&worker->clock, record->time);
  random_seed(worker->random, record->seed);
  buffer_clear(&stage->request);
  request_compose(record, &stage->request);
}

bool replay_stage_play(struct replay_stage *stage, struct record *record) {
  struct worker *worker = &stage->worker;
  uint64_t passed;
  bool judged = false;
  moment_set(stage, record);
  if (client_open(stage) < 0) return false;
  settle(stage);
  for (int leaps = 0; !stage->over && leaps < LEAPS_MAX; leaps++) {
    if (!timer_wheel_leap(worker->loop.wheel, &passed)) break;
    clock_advance(&worker->clock, (double)passed);
    settle(stage);
  }
  judged = stage->over;
  client_close(stage);
  worker->replayed = NULL;
  return judged;
}

/* ---- the worker ---- */

int replay_stage_open(struct replay_stage *stage, struct segment *segment, const struct worker_program *program) {
  struct worker *worker = &stage->worker;
  stage->source = (struct replay_source){answer_find, stage};
  worker->replay = &stage->source;
  worker_begin(worker, segment, 0, program, STDERR_FILENO);
  uv_signal_stop(&worker->on_term); /* nothing here is worth finishing */
  if (worker_open(worker, -1) < 0) {
    worker_close(worker);
    return -1;
  }
  worker->recorder = recorder_into(taken, stage);
  timer_wheel_freeze(worker->loop.wheel);
  return 0;
}

void replay_stage_close(struct replay_stage *stage) {
  worker_close(&stage->worker);
  buffer_free(&stage->request);
}
