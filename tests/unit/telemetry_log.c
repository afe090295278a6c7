// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "telemetry/log.h"
#include "telemetry/log_line.h"
#include "telemetry/log_writer.h"

#define UNUSED(x) (void)(x)

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* All that the log writes to a memory file. */
static struct slice file_text(int fd) {
  off_t len = lseek(fd, 0, SEEK_END);
  char *text = calloc(1, (size_t)len + 1);
  assert_int_equal(pread(fd, text, (size_t)len, 0), len);
  return slice_make(text, (size_t)len);
}

static void assert_written(int fd, const char *expected, bool there) {
  struct slice text = file_text(fd);
  if ((strstr(text.ptr, expected) != NULL) != there) fail_msg("%s in: %s", expected, text.ptr);
  free((void *)(uintptr_t)text.ptr);
}

static void levels_are_known_by_name(void **state) {
  UNUSED(state);
  enum log_level level;
  assert_true(log_level_parse(SLICE_LITERAL("debug"), &level) && level == LOG_DEBUG);
  assert_true(log_level_parse(SLICE_LITERAL("INFO"), &level) && level == LOG_INFO);
  assert_true(log_level_parse(SLICE_LITERAL("warn"), &level) && level == LOG_WARN);
  assert_true(log_level_parse(SLICE_LITERAL("warning"), &level) && level == LOG_WARN);
  assert_true(log_level_parse(SLICE_LITERAL("error"), &level) && level == LOG_ERROR);
  assert_false(log_level_parse(SLICE_LITERAL("trace"), &level));
  assert_false(log_level_parse(SLICE_LITERAL(""), &level));
}

static void lines_below_the_level_are_not_written(void **state) {
  UNUSED(state);
  int fd = memfd_create("log", 0);
  struct log *log = log_open(fd, LOG_WARN);
  assert_false(log_enabled(log, LOG_INFO));
  assert_true(log_enabled(log, LOG_WARN));
  log_begin(log, LOG_INFO, "quiet one");
  log_text(log, "v", SLICE_LITERAL("x"));
  log_end(log);
  log_begin_text(log, LOG_WARN, SLICE_LITERAL("loud one"));
  log_end(log);
  log_close(log);
  assert_written(fd, "quiet", false);
  assert_written(fd, "loud one", true);
  close(fd);
}

static void hidden_values_never_reach_the_file(void **state) {
  UNUSED(state);
  int fd = memfd_create("log", 0);
  struct log *log = log_open(fd, LOG_DEBUG);
  static const char *const environment[] = {"SOME_TOKEN=environment-canary", NULL};
  log_hide(log, SLICE_LITERAL("MASTER_KEY"), SLICE_LITERAL("value-canary-1"));
  log_hide_environment(log, environment);
  log_begin_text(log, LOG_INFO, SLICE_LITERAL("got value-canary-1"));
  log_text(log, "a", SLICE_LITERAL("environment-canary"));
  log_text(log, "b", SLICE_LITERAL("Bearer shape-canary"));
  log_end(log);
  log_close(log);
  assert_written(fd, "canary", false);
  assert_written(fd,
                 "\"msg\":\"got [REDACTED:MASTER_KEY]\",\"a\":\"[REDACTED:SOME_TOKEN]\","
                 "\"b\":\"Bearer [REDACTED_BEARER_TOKEN]\"}\n",
                 true);
  close(fd);
}

static void a_line_appears_within_100_ms_without_closing(void **state) {
  UNUSED(state);
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  struct log *log = log_open(pipes[1], LOG_INFO);
  double slowest = 0;
  for (int i = 0; i < 5; i++) { /* the thread sleeps before each */
    usleep(20 * 1000);
    double start = seconds_now();
    log_begin(log, LOG_INFO, "soon");
    log_end(log);
    struct pollfd readable = {.fd = pipes[0], .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 5000), 1);
    double took = seconds_now() - start;
    if (took > slowest) slowest = took;
    char text[LOG_LINE_SIZE];
    assert_true(read(pipes[0], text, sizeof text) > 0);
  }
  assert_true(slowest < 0.1 + 0.4); /* the gathering takes 50 ms; the rest is for a busy machine */
  log_close(log);
  close(pipes[0]);
  close(pipes[1]);
}

static void fill(struct log *log, int count) {
  char value[1000];
  memset(value, 'v', sizeof value);
  for (int i = 0; i < count; i++) {
    log_begin(log, LOG_INFO, "filler");
    log_integer(log, "i", i);
    log_text(log, "v", slice_make(value, sizeof value));
    log_end(log);
  }
}

static void a_stuck_reader_never_blocks_and_drops_are_counted(void **state) {
  UNUSED(state);
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  struct log *log = log_open(pipes[1], LOG_INFO);
  double start = seconds_now();
  fill(log, 5000); /* 5.4 MB into a pipe that nobody reads */
  assert_true(seconds_now() - start < 2);
  uint64_t dropped = log_dropped(log);
  assert_true(dropped > 3500 && dropped < 4500); /* 1 MiB waits, 64 KiB are in the pipe */
  start = seconds_now();
  log_close(log);
  double took = seconds_now() - start;
  assert_true(took > 0.5 && took < 4); /* a second's grace, then it gives up */
  close(pipes[0]);
  close(pipes[1]);
}

/* The reader comes back: what waited arrives whole and in order, then a line tells how many were lost. */
static void after_a_stall_the_lost_lines_are_told_once(void **state) {
  UNUSED(state);
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  assert_int_equal(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
  struct log *log = log_open(pipes[1], LOG_INFO);
  fill(log, 3000);
  uint64_t dropped = log_dropped(log);
  assert_true(dropped > 0);
  struct buffer text = {0};
  double until = seconds_now() + 20;
  bool told = false;
  while (!told && seconds_now() < until) {
    buffer_reserve(&text, 65536);
    ssize_t got = read(pipes[0], text.data + text.len, 65536);
    if (got > 0) {
      text.len += (size_t)got;
    } else {
      usleep(2000);
      fill(log, 1);
    }
    told = text.len > 0 && memmem(text.data, text.len, "\"msg\":\"log lines dropped\",\"count\":", 34);
  }
  assert_true(told);
  int last = -1;
  buffer_append(&text, "", 1);
  for (const char *at = text.data; (at = strstr(at, "\"msg\":\"filler\",\"i\":")); at++) {
    int number = atoi(at + 19);
    if (number == 0 && last > 0) break; /* the lines of the second filling */
    assert_int_equal(number, last + 1);
    last = number;
  }
  assert_int_equal(last + 1, 3000 - dropped);
  log_close(log);
  buffer_free(&text);
  close(pipes[0]);
  close(pipes[1]);
}

static void the_limit_of_waiting_bytes_is_exact(void **state) {
  UNUSED(state);
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  char block[4096];
  memset(block, '\n', sizeof block);
  assert_int_equal(fcntl(pipes[1], F_SETFL, O_NONBLOCK), 0);
  while (write(pipes[1], block, sizeof block) > 0) continue;
  assert_int_equal(fcntl(pipes[1], F_SETFL, 0), 0);
  struct log_writer *writer = log_writer_open(pipes[1]);
  for (int i = 0; i < LOG_WAITING_MAX / 4096; i++) assert_true(log_writer_put(writer, slice_make(block, 4096)));
  assert_false(log_writer_put(writer, slice_make(block, 1)));
  assert_int_equal(log_writer_dropped(writer), 1);
  log_writer_close(writer, 10);
  close(pipes[0]);
  close(pipes[1]);
}

static void a_reader_that_went_away_costs_lines_and_nothing_else(void **state) {
  UNUSED(state);
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  struct log *log = log_open(pipes[1], LOG_INFO); /* SIGPIPE has its default action here: it would end this program */
  close(pipes[0]);
  fill(log, 10);
  for (int i = 0; i < 500 && log_dropped(log) < 10; i++) usleep(10 * 1000);
  assert_int_equal(log_dropped(log), 10);
  log_close(log);
  close(pipes[1]);
}

static void closing_writes_all_that_waits(void **state) {
  UNUSED(state);
  int fd = memfd_create("log", 0);
  struct log *log = log_open(fd, LOG_INFO);
  fill(log, 300);
  log_close(log);
  struct slice text = file_text(fd);
  size_t lines = 0;
  for (size_t i = 0; i < text.len; i++) lines += text.ptr[i] == '\n';
  assert_int_equal(lines, 300);
  free((void *)(uintptr_t)text.ptr);
  close(fd);
}

static _Noreturn void child_logs(int fd, int number) {
  struct log *log = log_open(fd, LOG_INFO);
  char value[700];
  memset(value, 'a' + number, sizeof value);
  for (int i = 0; i < 400; i++) {
    log_begin(log, LOG_INFO, "c");
    log_text(log, "v", slice_make(value, (size_t)(i * 7 % 700)));
    log_end(log);
    if (i % 50 == 0) usleep(1000);
  }
  log_close(log);
  _exit(0);
}

static void assert_pure_line(const char *line, size_t len) {
  assert_memory_equal(line, "{\"time\":", 8);
  assert_int_equal(line[len - 1], '}');
  const char *value = memmem(line, len, "\"v\":\"", 5);
  assert_non_null(value);
  for (const char *at = value + 5; *at != '"'; at++) assert_int_equal(*at, value[5]);
}

static void lines_of_several_processes_never_mix_in_a_pipe(void **state) {
  UNUSED(state);
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  for (int i = 0; i < 4; i++) {
    if (fork() == 0) child_logs(pipes[1], i);
  }
  close(pipes[1]);
  FILE *reader = fdopen(pipes[0], "r");
  char *line = NULL;
  size_t cap = 0, lines = 0;
  for (ssize_t len; (len = getline(&line, &cap, reader)) > 0; lines++) assert_pure_line(line, (size_t)len - 1);
  assert_int_equal(lines, 1600);
  free(line);
  fclose(reader);
  for (int i = 0; i < 4; i++) wait(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(levels_are_known_by_name),
      cmocka_unit_test(lines_below_the_level_are_not_written),
      cmocka_unit_test(hidden_values_never_reach_the_file),
      cmocka_unit_test(a_line_appears_within_100_ms_without_closing),
      cmocka_unit_test(a_stuck_reader_never_blocks_and_drops_are_counted),
      cmocka_unit_test(after_a_stall_the_lost_lines_are_told_once),
      cmocka_unit_test(the_limit_of_waiting_bytes_is_exact),
      cmocka_unit_test(a_reader_that_went_away_costs_lines_and_nothing_else),
      cmocka_unit_test(closing_writes_all_that_waits),
      cmocka_unit_test(lines_of_several_processes_never_mix_in_a_pipe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
