// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process/supervisor.h"

/* A whole program of supervisor and simple workers, and what a test asks of it. Included after cmocka. */

#define UNUSED(x) (void)(x)

static inline uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- workers of many characters --- */

static volatile sig_atomic_t asked_to_end;

static inline void ask_to_end(int number) {
  UNUSED(number);
  asked_to_end = 1;
}

static inline void slot_say(const struct worker_start *start, enum worker_state state) {
  atomic_store(&start->segment->workers[start->index].tick_ms, now_ms());
  atomic_store(&start->segment->workers[start->index].state, state);
}

/* Answers each connection with its process id and closes it. */
static inline void answer_one(int listen_fd) {
  int client = accept(listen_fd, NULL, NULL);
  if (client < 0) return;
  char text[32];
  int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
  send(client, text, (size_t)len, MSG_NOSIGNAL); /* some tests do not wait for it */
  close(client);
}

static inline int serve_until(const struct worker_start *start, uint64_t frozen_after_ms) {
  struct sigaction action = {.sa_handler = ask_to_end};
  sigaction(SIGTERM, &action, NULL);
  uint64_t began = now_ms();
  slot_say(start, WORKER_READY);
  while (!asked_to_end) {
    struct pollfd readable = {.fd = start->listen_fd, .events = POLLIN};
    if (poll(&readable, 1, 20) == 1) answer_one(start->listen_fd);
    if (now_ms() - began < frozen_after_ms) slot_say(start, WORKER_READY);
  }
  slot_say(start, WORKER_DRAINING);
  close(start->listen_fd);
  return 0;
}

static inline int worker_serves(const struct worker_start *start) {
  return serve_until(start, UINT64_MAX);
}

static inline int worker_will_not_end(const struct worker_start *start) {
  signal(SIGTERM, SIG_IGN);
  for (uint64_t began = now_ms(); now_ms() - began < 60000;) {
    slot_say(start, WORKER_READY);
    usleep(10 * 1000);
  }
  return 0;
}

/* --- a program under test: the supervisor in a child, its stdout in a pipe --- */

struct program {
  struct segment *segment;
  pid_t pid;
  int out; /* reading end of its stdout; non-blocking */
  char text[65536];
  size_t len;
};

struct plan {
  int (*worker)(const struct worker_start *start);
  unsigned workers;
  unsigned drain_ms;
  void *user;
  bool stuck_stdout;
};

static inline _Noreturn void program_child(const struct plan *plan, struct segment *segment, int out) {
  struct settings settings = {.host = "127.0.0.1", .drain_ms = plan->drain_ms, .log_level = "debug"};
  struct supervisor_options options = {
      .settings = &settings, .segment = segment, .worker = plan->worker, .user = plan->user};
  dup2(out, STDOUT_FILENO);
  close(out);
  int code = supervisor_run(&options);
  segment_close(segment);
  _exit(code);
}

static inline void pipe_fill(int fd) {
  char block[4096] = {0};
  fcntl(fd, F_SETFL, O_NONBLOCK);
  while (write(fd, block, sizeof block) > 0) continue;
  fcntl(fd, F_SETFL, 0);
}

static inline struct program *program_start(struct plan plan) {
  struct program *program = calloc(1, sizeof *program);
  int pipes[2];
  assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
  program->segment = segment_open(plan.workers);
  program->out = pipes[0];
  fcntl(program->out, F_SETFL, O_NONBLOCK);
  if (plan.stuck_stdout) pipe_fill(pipes[1]);
  program->pid = fork();
  if (program->pid == 0) {
    close(pipes[0]);
    program_child(&plan, program->segment, pipes[1]);
  }
  close(pipes[1]);
  return program;
}

static inline void output_read(struct program *program) {
  ssize_t got = read(program->out, program->text + program->len, sizeof program->text - 1 - program->len);
  if (got > 0) program->len += (size_t)got;
}

/* Waits for `wanted` in the output; the rest of it from there. */
static inline const char *output_wait(struct program *program, const char *wanted, uint64_t limit_ms) {
  for (uint64_t until = now_ms() + limit_ms;;) {
    output_read(program);
    const char *found = strstr(program->text, wanted);
    if (found) return found;
    if (now_ms() > until) fail_msg("no %s in: %s", wanted, program->text);
    usleep(2000);
  }
}

static inline unsigned program_port(struct program *program) {
  const char *line = output_wait(program, "\"msg\":\"moongate started\"", 10000);
  const char *address = strstr(line, "\"addr\":\"127.0.0.1:");
  assert_non_null(address);
  return (unsigned)atoi(address + strlen("\"addr\":\"127.0.0.1:"));
}

static inline int program_wait(struct program *program, uint64_t limit_ms) {
  for (uint64_t until = now_ms() + limit_ms;;) {
    int status;
    output_read(program);
    if (waitpid(program->pid, &status, WNOHANG) == program->pid) {
      output_read(program);
      assert_true(WIFEXITED(status));
      return WEXITSTATUS(status);
    }
    if (now_ms() > until) {
      kill(program->pid, SIGKILL);
      fail_msg("it did not end; output: %s", program->text);
    }
    usleep(1000);
  }
}

static inline void program_free(struct program *program) {
  for (unsigned i = 0; i < program->segment->worker_count; i++) assert_int_equal(program->segment->workers[i].pid, 0);
  close(program->out);
  segment_close(program->segment);
  free(program);
}

static inline void program_end(struct program *program) {
  kill(program->pid, SIGTERM);
  assert_int_equal(program_wait(program, 10000), 0);
  program_free(program);
}

static inline pid_t worker_pid(const struct program *program, unsigned index) {
  return atomic_load(&program->segment->workers[index].pid);
}

static inline pid_t worker_kill(const struct program *program, unsigned index, int number) {
  pid_t pid = worker_pid(program, index);
  assert_true(pid > 0); /* 0 would be this test's own group */
  kill(pid, number);
  return pid;
}

/* Waits for a ready process other than `old` in this place; returns how long that took. */
static inline uint64_t replacement_wait(const struct program *program, unsigned index, pid_t old, uint64_t limit_ms) {
  const struct worker_slot *slot = &program->segment->workers[index];
  uint64_t began = now_ms();
  while (worker_pid(program, index) == old || worker_pid(program, index) == 0 ||
         atomic_load(&slot->state) != WORKER_READY) {
    if (now_ms() - began > limit_ms) fail_msg("not replaced after %llu ms", (unsigned long long)limit_ms);
    usleep(500);
  }
  return now_ms() - began;
}

static inline int connect_to(unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

/* The process id that answers, 0 when the connection brings nothing. */
static inline pid_t answer_of(int client) {
  char text[32] = {0};
  struct pollfd readable = {.fd = client, .events = POLLIN};
  if (poll(&readable, 1, 10000) == 1 && read(client, text, sizeof text - 1) <= 0) text[0] = 0;
  close(client);
  return (pid_t)atoi(text);
}
