// SPDX-License-Identifier: Apache-2.0
#include "process/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "process/crew.h"
#include "process/reload.h"

/* How long it sleeps at most: normally, and while it waits for a change of a slot's state, which nobody signals. */
enum { LOOK_MS = 250, STATE_MS = 10, GRACE_MS = 2000 };

struct supervisor {
  const struct supervisor_options *options;
  struct listeners listeners;
  struct notice notice;
  struct metrics *metrics;
  sigset_t mask_before;
  int signals;        /* signalfd */
  uint64_t looked_ms; /* when the watchdog looked last */
  bool announced;     /* the ready line is out */
  bool hurried;       /* a second signal came */
  uint64_t kill_ms;   /* while ending: when patience ends */
  struct crew crew;
  struct reload reload;
  struct gate_options gate;
};

static uint64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- opening and closing --- */

static int signals_open(struct supervisor *supervisor) {
  sigset_t handled, blocked;
  sigemptyset(&handled);
  sigaddset(&handled, SIGCHLD);
  sigaddset(&handled, SIGTERM);
  sigaddset(&handled, SIGINT);
  sigaddset(&handled, SIGHUP);
  sigaddset(&handled, SIGUSR1); /* a worker has something to say */
  blocked = handled;
  sigaddset(&blocked, SIGPIPE); /* a reader of stdout that went away must not end the program */
  sigprocmask(SIG_BLOCK, &blocked, &supervisor->mask_before);
  supervisor->signals = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
  return supervisor->signals;
}

static void on_stranger(void *user, pid_t pid, int status, uint64_t now) {
  struct supervisor *supervisor = user;
  reload_child_ended(&supervisor->reload, pid, status, now);
}

/* In the gate's process: what is not for it. */
static void gate_child_begin(void *user) {
  struct supervisor *supervisor = user;
  listen_close(&supervisor->listeners);
  close(supervisor->signals);
  if (reload_fd(&supervisor->reload) >= 0) close(reload_fd(&supervisor->reload));
  notice_close(&supervisor->notice);
}

static void reload_begin(struct supervisor *supervisor) {
  const struct supervisor_options *options = supervisor->options;
  supervisor->reload = (struct reload){.shared = options->generations,
                                       .crew = &supervisor->crew,
                                       .notice = &supervisor->notice,
                                       .metrics = supervisor->metrics};
  if (!options->generations) return;
  supervisor->gate = *options->gate;
  supervisor->gate.child = gate_child_begin;
  supervisor->gate.user = supervisor;
  reload_open(&supervisor->reload, &supervisor->gate);
  supervisor->crew.watch = reload_fd(&supervisor->reload);
}

static void crew_open(struct supervisor *supervisor) {
  struct segment *segment = supervisor->options->segment;
  supervisor->metrics = metrics_open(segment->metrics, segment->worker_count + 1, segment->worker_count);
  supervisor->crew = (struct crew){.options = supervisor->options,
                                   .listeners = &supervisor->listeners,
                                   .notice = &supervisor->notice,
                                   .restarts = metrics_series(supervisor->metrics, METRIC_WORKER_RESTARTS, NULL, 0),
                                   .child_mask = &supervisor->mask_before,
                                   .signals = supervisor->signals,
                                   .watch = -1,
                                   .stranger = on_stranger,
                                   .user = supervisor,
                                   .count = segment->worker_count};
}

static int supervisor_open(struct supervisor *supervisor) {
  const struct settings *settings = supervisor->options->settings;
  struct error error = {0};
  if (listen_open(&supervisor->listeners, settings->host, settings->port, supervisor->options->segment->worker_count,
                  &error) < 0) {
    fprintf(stderr, "moongate: %s\n", error.message);
    return -1;
  }
  if (signals_open(supervisor) < 0) {
    fprintf(stderr, "moongate: cannot receive signals: %s\n", strerror(errno));
    listen_close(&supervisor->listeners);
    return -1;
  }
  enum log_level level = LOG_INFO;
  log_level_parse(slice_text(settings->log_level), &level);
  notice_open(&supervisor->notice, STDOUT_FILENO, level);
  crew_open(supervisor);
  reload_begin(supervisor);
  supervisor->looked_ms = monotonic_ms();
  return 0;
}

/* A broken pipe that waits behind the mask would end the program in the very moment it ends well. */
static void signals_close(struct supervisor *supervisor) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigtimedwait(&pipe, NULL, &(struct timespec){0});
  close(supervisor->signals);
  sigprocmask(SIG_SETMASK, &supervisor->mask_before, NULL);
}

static void supervisor_close(struct supervisor *supervisor) {
  listen_close(&supervisor->listeners);
  reload_close(&supervisor->reload);
  metrics_close(supervisor->metrics);
  notice_close(&supervisor->notice);
  signals_close(supervisor);
}

/* --- ending --- */

static void end_begin(struct supervisor *supervisor, uint64_t patience_ms) {
  supervisor->crew.ending = true;
  supervisor->kill_ms = monotonic_ms() + patience_ms;
  atomic_store(&supervisor->options->segment->draining, true);
  reload_end(&supervisor->reload);
  crew_signal(&supervisor->crew, SIGTERM);
}

/* As the configuration says now, and the workers know. */
static unsigned drain_ms(const struct supervisor *supervisor) {
  const struct supervisor_options *options = supervisor->options;
  const struct generation_slot *active = options->generations ? generations_active(options->generations) : NULL;
  return active ? active->settings.drain_ms : options->settings->drain_ms;
}

static void stop_asked(struct supervisor *supervisor, unsigned number) {
  if (supervisor->crew.ending) { /* a second SIGTERM says nothing new; a second Ctrl-C is somebody who will not wait */
    supervisor->hurried = supervisor->hurried || number == SIGINT;
    return;
  }
  notice_begin(&supervisor->notice, LOG_INFO, "draining");
  log_line_text(&supervisor->notice.line, "signal", slice_text(sigabbrev_np((int)number)));
  log_line_integer(&supervisor->notice.line, "drain_ms", drain_ms(supervisor));
  notice_end(&supervisor->notice, LOG_INFO);
  end_begin(supervisor, drain_ms(supervisor) + GRACE_MS);
}

/* The address is given up once no worker accepts any more: until then its queue still has takers. */
static void end_go_on(struct supervisor *supervisor, uint64_t now) {
  if (crew_reached(&supervisor->crew, WORKER_DRAINING)) listen_close(&supervisor->listeners);
  if (supervisor->hurried || now >= supervisor->kill_ms) {
    supervisor->crew.failed = true;
    crew_signal(&supervisor->crew, SIGKILL);
  }
}

/* --- one turn --- */

static void announce(struct supervisor *supervisor) {
  if (crew_alive(&supervisor->crew) < supervisor->crew.count || !crew_reached(&supervisor->crew, WORKER_READY)) return;
  struct log_line *line = &supervisor->notice.line;
  notice_begin(&supervisor->notice, LOG_INFO, "moongate started");
  log_line_text(line, "version", SLICE_LITERAL(MOONGATE_VERSION));
  log_line_text(line, "addr", slice_text(supervisor->listeners.address));
  log_line_integer(line, "workers", supervisor->crew.count);
  log_line_integer(line, "pid", getpid());
  notice_end(&supervisor->notice, LOG_INFO);
  supervisor->announced = true;
}

static void signals_take(struct supervisor *supervisor) {
  struct signalfd_siginfo info;
  while (read(supervisor->signals, &info, sizeof info) == (ssize_t)sizeof info) {
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) stop_asked(supervisor, info.ssi_signo);
    if (info.ssi_signo == SIGHUP) reload_ask(&supervisor->reload);
  }
}

static void turn(struct supervisor *supervisor) {
  struct crew *crew = &supervisor->crew;
  bool watching = !supervisor->announced || (crew->ending && supervisor->listeners.count > 0);
  struct pollfd readable[] = {{.fd = supervisor->signals, .events = POLLIN},
                              {.fd = reload_fd(&supervisor->reload), .events = POLLIN}};
  uint64_t before = monotonic_ms();
  int wait = crew_wait(crew, before, watching ? STATE_MS : LOOK_MS);
  poll(readable, 2, reload_wait(&supervisor->reload, before, wait));
  signals_take(supervisor);
  uint64_t now = monotonic_ms();
  crew_reap(crew, now);
  if (crew->verdict != 0 && !crew->ending) end_begin(supervisor, GRACE_MS);
  crew_start(crew, now);
  crew_look(crew, now - supervisor->looked_ms);
  supervisor->looked_ms = now;
  reload_turn(&supervisor->reload, now);
  if (crew->ending) {
    end_go_on(supervisor, now);
  } else if (!supervisor->announced) {
    announce(supervisor);
  }
}

static bool supervisor_busy(const struct supervisor *supervisor) {
  return crew_alive(&supervisor->crew) > 0 || supervisor->reload.gate.pid != 0;
}

int supervisor_run(const struct supervisor_options *options) {
  struct supervisor *supervisor = calloc(1, sizeof *supervisor);
  if (!supervisor) return 1;
  supervisor->options = options;
  int result = 1;
  if (supervisor_open(supervisor) == 0) {
    while (!supervisor->crew.ending || supervisor_busy(supervisor)) turn(supervisor);
    result = supervisor->crew.verdict != 0 ? supervisor->crew.verdict : supervisor->crew.failed;
    supervisor_close(supervisor);
  }
  free(supervisor);
  return result;
}
