// SPDX-License-Identifier: Apache-2.0
#include "process/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/secret.h"
#include "process/record.h"
#include "process/worker.h"

struct recorder {
  void (*take)(void *user, struct record *record); /* null: into the file */
  void *user;
  struct worker *worker;
  int fd; /* owned */
  double sample;
  bool redact, stopped;
  uint64_t limit;              /* bytes of the whole file */
  struct buffer waiting;       /* lines not handed to a thread yet */
  struct recorder_job *flying; /* null while nothing is being written */
};

/* What one run of the thread writes. Freed by its callback on the loop. */
struct recorder_job {
  uv_work_t work;
  struct recorder *recorder; /* null: it has been closed meanwhile */
  int fd;                    /* owned by whoever comes last */
  uint64_t limit;
  struct buffer lines;
  int failure; /* errno; EFBIG: the file is full */
};

static void job_start(struct recorder *recorder);

/* ---- the file ---- */

static void complain(struct recorder *recorder, struct worker *worker, const char *message, int failure) {
  if (recorder) recorder->stopped = true;
  log_begin(worker->log, LOG_ERROR, message);
  log_text(worker->log, "path", slice_text(worker->settings.recording_path));
  log_text(worker->log, "error", slice_text(strerror(failure)));
  log_end(worker->log);
}

/* A pipe or a device could stop a worker, and somebody else's file could be read by him. */
static int file_check(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  if ((status.st_mode & 077) != 0 && fchmod(fd, 0600) < 0) return errno;
  return 0;
}

static int file_open(struct worker *worker) {
  int fd = open(worker->settings.recording_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  int failure = fd < 0 ? errno : file_check(fd);
  if (failure == 0) return fd;
  if (fd >= 0) close(fd);
  complain(NULL, worker, "recording is off: its file cannot be used", failure);
  return -1;
}

/* Lines of several workers do not mix: each is one write to a file opened for appending. */
static int lines_write(int fd, uint64_t limit, const struct buffer *lines) {
  struct stat status;
  if (fstat(fd, &status) < 0) return errno;
  if ((uint64_t)status.st_size + lines->len > limit) return EFBIG;
  ssize_t written = write(fd, lines->data, lines->len);
  if (written < 0) return errno;
  return (size_t)written == lines->len ? 0 : ENOSPC;
}

/* ---- the thread ---- */

static void job_run(uv_work_t *work) {
  struct recorder_job *job = work->data;
  job->failure = lines_write(job->fd, job->limit, &job->lines);
}

static void job_failed(struct recorder *recorder, int failure) {
  bool full = failure == EFBIG;
  complain(recorder, recorder->worker, full ? "recording stops: its file is full" : "recording stops: it cannot write",
           failure);
}

static void job_done(uv_work_t *work, int status) {
  struct recorder_job *job = work->data;
  struct recorder *recorder = job->recorder;
  (void)status;
  buffer_free(&job->lines);
  if (recorder) {
    recorder->flying = NULL;
    if (job->failure) job_failed(recorder, job->failure);
    job_start(recorder);
  } else {
    close(job->fd);
  }
  free(job);
}

static void job_start(struct recorder *recorder) {
  if (recorder->flying || recorder->waiting.len == 0 || recorder->stopped) return;
  struct recorder_job *job = calloc(1, sizeof *job);
  REQUIRE(job != NULL);
  *job = (struct recorder_job){
      .recorder = recorder, .fd = recorder->fd, .limit = recorder->limit, .lines = recorder->waiting};
  job->work.data = job;
  recorder->waiting = (struct buffer){0};
  recorder->flying = job;
  REQUIRE(uv_queue_work(&recorder->worker->loop.uv, &job->work, job_run, job_done) == 0);
}

/* ---- the recorder ---- */

struct recorder *recorder_open(struct worker *worker) {
  const struct settings *settings = &worker->settings;
  if (!settings->recording_path[0] || settings->recording_sample_ppm == 0) return NULL;
  int fd = file_open(worker);
  if (fd < 0) return NULL;
  struct recorder *recorder = calloc(1, sizeof *recorder);
  REQUIRE(recorder != NULL);
  *recorder = (struct recorder){.worker = worker,
                                .fd = fd,
                                .sample = settings->recording_sample_ppm / 1e6,
                                .redact = settings->recording_redact,
                                .limit = settings->recording_bytes};
  return recorder;
}

bool recorder_differs(const struct settings *one, const struct settings *other) {
  return strcmp(one->recording_path, other->recording_path) != 0 ||
         one->recording_sample_ppm != other->recording_sample_ppm || one->recording_redact != other->recording_redact ||
         one->recording_bytes != other->recording_bytes;
}

struct recorder *recorder_into(void (*take)(void *user, struct record *record), void *user) {
  struct recorder *recorder = calloc(1, sizeof *recorder);
  REQUIRE(recorder != NULL);
  *recorder = (struct recorder){.take = take, .user = user, .sample = 1};
  return recorder;
}

void recorder_close(struct recorder *recorder) {
  if (!recorder) return;
  if (!recorder->take) {
    if (recorder->waiting.len > 0 && !recorder->stopped) {
      lines_write(recorder->fd, recorder->limit, &recorder->waiting);
    }
    if (recorder->flying) {
      recorder->flying->recorder = NULL;
    } else {
      close(recorder->fd);
    }
  }
  buffer_free(&recorder->waiting);
  free(recorder);
}

bool recorder_wants(const struct recorder *recorder, struct random *random) {
  if (recorder->stopped) return false;
  return recorder->sample >= 1 || random_unit(random) < recorder->sample;
}

static void lost(const struct recorder *recorder, const struct record *record) {
  struct log *log = recorder->worker->log;
  log_begin(log, LOG_WARN, "request not recorded");
  log_text(log, "trace_id", record->trace_id);
  log_text(log, "reason", slice_text(record->overflow ? "it is too large" : "the disk is behind"));
  log_end(log);
}

void recorder_take(struct recorder *recorder, struct record *record) {
  if (recorder->take) {
    recorder->take(recorder->user, record);
    return;
  }
  if (recorder->stopped) return;
  if (record->overflow || recorder->waiting.len > RECORDER_WAITING_MAX) return lost(recorder, record);
  if (recorder->redact) record_mask(record, log_redactor(recorder->worker->log));
  record_write(record, &recorder->waiting);
  job_start(recorder);
}
