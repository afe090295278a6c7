// SPDX-License-Identifier: Apache-2.0
#include "process/gate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process/gate_child.h"

int gate_start(struct gate *gate, const struct gate_task *task, int kept, uint64_t now_ms) {
  gate->slot = generations_take(gate->options->generations, kept);
  gate->due_ms = now_ms + GATE_WALL_MS;
  gate->step_due_ms = now_ms + GATE_STEP_MS;
  gate->steps = 0;
  gate->late_ms = 0;
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) gate_child(gate, task, parent);
  if (pid < 0) {
    generations_drop(gate->options->generations, gate->slot);
    return -1;
  }
  setpgid(pid, pid); /* the child does so, too: whoever comes first */
  gate->pid = pid;
  return 0;
}

void gate_kill(struct gate *gate) {
  if (gate->pid == 0) return;
  kill(-gate->pid, SIGKILL);
  kill(gate->pid, SIGKILL);
}

static struct generation_slot *slot_of(const struct gate *gate) {
  return &gate->options->generations->slots[gate->slot];
}

void gate_look(struct gate *gate, uint64_t now_ms) {
  if (gate->pid == 0) return;
  uint32_t steps = atomic_load(&slot_of(gate)->steps);
  if (steps != gate->steps) gate->step_due_ms = now_ms + GATE_STEP_MS;
  gate->steps = steps;
  if (now_ms < gate->due_ms && now_ms < gate->step_due_ms) return;
  gate->late_ms = now_ms < gate->due_ms ? GATE_STEP_MS : GATE_WALL_MS;
  gate_kill(gate);
}

/* ---- how it ended ---- */

/* What it was busy with is what is wrong. */
static void refuse(struct gate *gate, const char *why) {
  char file[GENERATION_STEP_SIZE];
  snprintf(file, sizeof file, "%.*s", (int)sizeof file - 1, slot_of(gate)->step);
  gate_refuse(gate->options->generations, gate->slot, file, why);
}

/* The judge wrote its reasons, or did not live to do so. */
static void reason_find(struct gate *gate, int status) {
  char why[128];
  int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (gate->late_ms == GATE_STEP_MS) {
    snprintf(why, sizeof why, "did not end within %.1f s", GATE_STEP_MS / 1000.0);
  } else if (gate->late_ms > 0) {
    snprintf(why, sizeof why, "all scripts and specs together did not end within %d s", GATE_WALL_MS / 1000);
  } else if (number == SIGXCPU) {
    snprintf(why, sizeof why, "did not end within %d s of CPU", GATE_CPU_SECONDS);
  } else if (number == SIGKILL) {
    snprintf(why, sizeof why, "was killed, most likely for its memory or its time");
  } else if (number == SIGABRT) {
    snprintf(why, sizeof why, "passed the memory limit of %d MiB", GATE_MEMORY >> 20);
  } else if (number != 0) {
    snprintf(why, sizeof why, "ended the gate (signal %d)", number);
  } else {
    snprintf(why, sizeof why, "ended the gate (exit code %d)", WEXITSTATUS(status));
  }
  refuse(gate, why);
}

enum gate_verdict gate_end(struct gate *gate, int status) {
  kill(-gate->pid, SIGKILL); /* what it started and left behind */
  gate->pid = 0;
  bool ended = WIFEXITED(status) && gate->late_ms == 0;
  if (ended && WEXITSTATUS(status) == GATE_EXIT_ACCEPTED) return GATE_ACCEPTED;
  if (ended && WEXITSTATUS(status) == GATE_EXIT_CONFIRMED) return GATE_CONFIRMED;
  if (ended && WEXITSTATUS(status) == GATE_EXIT_UNCHANGED) return GATE_UNCHANGED;
  if (ended && WEXITSTATUS(status) == GATE_EXIT_REPEATED) return GATE_REPEATED;
  if (!ended || WEXITSTATUS(status) != GATE_EXIT_REFUSED) reason_find(gate, status);
  return GATE_REFUSED;
}

static uint64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum gate_verdict gate_run(struct gate *gate, const struct gate_task *task) {
  int status;
  if (gate_start(gate, task, -1, monotonic_ms()) < 0) {
    refuse(gate, strerror(errno));
    return GATE_REFUSED;
  }
  while (waitpid(gate->pid, &status, WNOHANG) == 0) {
    gate_look(gate, monotonic_ms());
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  return gate_end(gate, status);
}
