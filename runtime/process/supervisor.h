// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config/settings.h"
#include "process/gate.h"
#include "shared/segment.h"

/* What a worker process is given. */
struct worker_start {
  unsigned index;          /* its place in the segment, 0 .. worker_count - 1 */
  int listen_fd;           /* its listening socket, non-blocking; closing it does not end the address */
  struct segment *segment; /* shared */
  void *user;              /* supervisor_options.user */
};

/* SIGTERM asks a worker to stop accepting (state WORKER_DRAINING), finish what it has, and exit with 0. SIGINT and
 * SIGHUP, which a terminal sends to everybody, are ignored in workers: the supervisor decides. A worker dies with its
 * supervisor. */
struct supervisor_options {
  const struct settings *settings;                 /* host, port, drain_ms, log_level */
  struct segment *segment;                         /* its worker_count says how many workers there are */
  int (*worker)(const struct worker_start *start); /* runs in the new process; its return value is the exit code */
  void *user;
  struct generations *generations; /* the first one is active; null = there are none, and nothing is reloaded */
  const struct gate_options *gate; /* how candidates are judged */
};

/* An exit code that means: a restart would not help (EX_CONFIG of sysexits.h). */
enum { SUPERVISOR_EXIT_CONFIGURATION = 78 };

/* Listens, starts the workers, replaces those that die or do not tick for two seconds, until SIGTERM or SIGINT; then
 * drains and returns the program's exit code: 0 when every worker ended well. A SIGINT while it drains ends everything
 * at once. A worker that exits with 78 before it was ever ready ends the program with that code; failing to listen
 * returns 1 with the reason on stderr. Call it with one thread and without other children. */
int supervisor_run(const struct supervisor_options *options);
