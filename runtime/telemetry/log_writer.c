// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"

/* Lines wait up to GATHER_MS for company, so that a busy loop pays one wake-up for hundreds of lines; GATHER_SIZE bytes
 * of company are enough. FILE_PIECE: one write to a regular file. To anything else PIPE_BUF bytes at a time: several
 * processes share stdout, and only such writes never mix. */
enum {
  GATHER_MS = 50,
  GATHER_SIZE = 64 * 1024,
  FILE_PIECE = 256 * 1024,
  KEPT_SIZE = 128 * 1024,
  STACK_SIZE = 64 * 1024
};

enum writer_rest { REST_NONE, REST_IDLE, REST_GATHERING };

struct log_writer {
  pthread_t thread;
  pthread_mutex_t lock; /* over all that follows up to `fd`, `leaving` apart */
  pthread_cond_t wake;
  enum writer_rest rest; /* what the thread waits for: decides whether a new line has to wake it */
  bool closing;
  bool finished;         /* the thread touches nothing any more */
  struct buffer waiting; /* lines of the loop */
  size_t leaving_len;    /* bytes of `leaving` */
  struct buffer leaving; /* lines being written: the thread's own */
  int fd;                /* borrowed */
  size_t piece;
  _Atomic bool abandoned; /* nobody waits for the thread: it writes no more and frees the writer itself */
  _Atomic uint64_t dropped;
};

static size_t lines_in(struct slice bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes.len; i++) count += bytes.ptr[i] == '\n';
  return count;
}

/* The longest piece of whole lines that one write should carry. */
static size_t piece_len(const struct log_writer *writer, struct slice rest) {
  if (rest.len <= writer->piece) return rest.len;
  const char *end = memrchr(rest.ptr, '\n', writer->piece);
  return end ? (size_t)(end - rest.ptr) + 1 : writer->piece;
}

/* Bytes written; -1 when they never will be. The one place where the thread may be stuck. */
static ssize_t piece_write(const struct log_writer *writer, const char *bytes, size_t len) {
  ssize_t written = write(writer->fd, bytes, len);
  if (written >= 0 || (errno != EAGAIN && errno != EINTR)) return written;
  struct pollfd ready = {.fd = writer->fd, .events = POLLOUT};
  if (errno == EAGAIN) poll(&ready, 1, 100);
  return 0;
}

static void lines_write(struct log_writer *writer) {
  struct slice rest = buffer_slice(&writer->leaving);
  while (rest.len > 0 && !writer->abandoned) {
    size_t len = piece_len(writer, rest);
    ssize_t written = piece_write(writer, rest.ptr, len);
    if (written < 0) atomic_fetch_add(&writer->dropped, lines_in(slice_make(rest.ptr, len)));
    rest = slice_from(rest, written < 0 ? len : (size_t)written);
  }
}

static struct timespec time_after(unsigned milliseconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
  until.tv_sec += (time_t)(milliseconds / 1000) + until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  return until;
}

static void gather(struct log_writer *writer) {
  struct timespec until = time_after(GATHER_MS);
  int status = 0;
  while (!writer->closing && writer->waiting.len < GATHER_SIZE && status == 0) {
    writer->rest = REST_GATHERING;
    status = pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
  }
  writer->rest = REST_NONE;
}

/* Makes the waiting lines the leaving ones. Called and returns with the lock held. */
static void lines_take(struct log_writer *writer) {
  struct buffer empty = writer->leaving;
  writer->leaving = writer->waiting;
  writer->waiting = empty;
  writer->leaving_len = writer->leaving.len;
  pthread_mutex_unlock(&writer->lock);
  lines_write(writer);
  pthread_mutex_lock(&writer->lock);
  writer->leaving_len = 0;
  buffer_clear(&writer->leaving);
  if (writer->leaving.cap > KEPT_SIZE) buffer_free(&writer->leaving);
}

static void writer_free(struct log_writer *writer) {
  pthread_cond_destroy(&writer->wake);
  pthread_mutex_destroy(&writer->lock);
  buffer_free(&writer->waiting);
  buffer_free(&writer->leaving);
  free(writer);
}

static void *writer_run(void *argument) {
  struct log_writer *writer = argument;
  pthread_mutex_lock(&writer->lock);
  while ((!writer->closing || writer->waiting.len > 0) && !writer->abandoned) {
    if (writer->waiting.len > 0) {
      gather(writer);
      lines_take(writer);
    } else {
      writer->rest = REST_IDLE;
      pthread_cond_wait(&writer->wake, &writer->lock);
      writer->rest = REST_NONE;
    }
  }
  writer->finished = true;
  bool abandoned = writer->abandoned;
  pthread_mutex_unlock(&writer->lock);
  if (abandoned) writer_free(writer);
  return NULL;
}

/* Signals are the loop's; a broken pipe is an error of write here. */
static int thread_start(struct log_writer *writer) {
  sigset_t all, before;
  pthread_attr_t attributes;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_SIZE < PTHREAD_STACK_MIN ? (size_t)PTHREAD_STACK_MIN : STACK_SIZE);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(&writer->thread, &attributes, writer_run, writer);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return status;
}

struct log_writer *log_writer_open(int fd) {
  struct log_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  struct stat about;
  writer->fd = fd;
  writer->piece = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? FILE_PIECE : PIPE_BUF;
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&writer->wake, &clock);
  pthread_condattr_destroy(&clock);
  pthread_mutex_init(&writer->lock, NULL);
  if (thread_start(writer) == 0) return writer;
  writer_free(writer);
  return NULL;
}

/* True when the thread has ended or is about to; else it is left to itself. */
static bool thread_wait(struct log_writer *writer, unsigned grace_ms) {
  struct timespec until = time_after(grace_ms);
  if (pthread_clockjoin_np(writer->thread, NULL, CLOCK_MONOTONIC, &until) == 0) return true;
  pthread_mutex_lock(&writer->lock);
  bool finished = writer->finished;
  if (!finished) {
    writer->abandoned = true;
    pthread_detach(writer->thread);
  }
  pthread_mutex_unlock(&writer->lock);
  if (finished) pthread_join(writer->thread, NULL);
  return finished;
}

void log_writer_close(struct log_writer *writer, unsigned grace_ms) {
  if (!writer) return;
  pthread_mutex_lock(&writer->lock);
  writer->closing = true;
  pthread_cond_signal(&writer->wake);
  pthread_mutex_unlock(&writer->lock);
  if (thread_wait(writer, grace_ms)) writer_free(writer);
}

/* A line wakes an idle thread, and a gathering one when there is enough. It is woken once: `rest` is changed here. */
static bool wake_needed(struct log_writer *writer) {
  bool idle = writer->rest == REST_IDLE;
  bool enough = writer->rest == REST_GATHERING && writer->waiting.len >= GATHER_SIZE;
  if (idle || enough) writer->rest = REST_NONE;
  return idle || enough;
}

bool log_writer_put(struct log_writer *writer, struct slice line) {
  pthread_mutex_lock(&writer->lock);
  bool fits = line.len <= LOG_WAITING_MAX - writer->waiting.len - writer->leaving_len;
  if (fits) buffer_append_slice(&writer->waiting, line);
  bool wake = fits && wake_needed(writer);
  pthread_mutex_unlock(&writer->lock);
  if (wake) pthread_cond_signal(&writer->wake);
  if (!fits) atomic_fetch_add(&writer->dropped, 1);
  return fits;
}

uint64_t log_writer_dropped(const struct log_writer *writer) {
  return atomic_load_explicit(&writer->dropped, memory_order_relaxed);
}
