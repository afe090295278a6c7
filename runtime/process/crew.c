// SPDX-License-Identifier: Apache-2.0
#include "process/crew.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/health.h"

static struct worker_slot *slot_of(const struct crew *crew, const struct crew_member *member) {
  return &crew->options->segment->workers[member - crew->members];
}

/* --- the life of a process --- */

static _Noreturn void child_run(const struct crew *crew, unsigned index, pid_t supervisor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(1); /* it died before we asked to follow */
  for (unsigned i = 0; i < crew->listeners->count; i++) {
    if (i != index) close(crew->listeners->fds[i]);
  }
  close(crew->signals);
  if (crew->watch >= 0) close(crew->watch);
  notice_close(crew->notice);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGUSR1, SIG_IGN); /* news of generations: it looks for itself once it can listen */
  signal(SIGTERM, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_SETMASK, crew->child_mask, NULL);
  struct worker_start start = {index, crew->listeners->fds[index], crew->options->segment, crew->options->user};
  _exit(crew->options->worker(&start));
}

static uint64_t delay_of(const struct crew_member *member) {
  uint64_t delay = CREW_DELAY_MS;
  if (member->early < 2) return 0; /* one death is no loop yet */
  for (unsigned i = 2; i < member->early && delay < CREW_DELAY_MAX_MS; i++) delay *= 2;
  return delay < CREW_DELAY_MAX_MS ? delay : CREW_DELAY_MAX_MS;
}

static void fork_failed(struct crew *crew, struct crew_member *member, uint64_t now, int number) {
  member->due_ms = now + CREW_DELAY_MAX_MS;
  notice_begin(crew->notice, LOG_ERROR, "worker cannot be started");
  log_line_text(&crew->notice->line, "error", slice_text(strerror(number)));
  log_line_integer(&crew->notice->line, "retry_in_ms", CREW_DELAY_MAX_MS);
  notice_end(crew->notice, LOG_ERROR);
}

/* What its predecessor said and wished is of no more interest. */
static void voice_clear(const struct crew *crew, const struct crew_member *member) {
  struct generations *generations = crew->options->generations;
  if (!generations) return;
  struct generation_voice *voice = &generations->voices[member - crew->members];
  atomic_store(&voice->answered, 0);
  atomic_store(&voice->wish, WISH_NONE);
}

static void member_start(struct crew *crew, struct crew_member *member, uint64_t now) {
  struct worker_slot *slot = slot_of(crew, member);
  atomic_store(&slot->tick_ms, 0);
  atomic_store(&slot->state, WORKER_STARTING);
  voice_clear(crew, member);
  pid_t supervisor = getpid(), pid = fork();
  if (pid == 0) child_run(crew, (unsigned)(member - crew->members), supervisor);
  int number = errno;
  if (pid < 0) {
    atomic_store(&slot->state, WORKER_ABSENT);
    fork_failed(crew, member, now, number);
    return;
  }
  member->pid = pid;
  member->started_ms = now;
  member->due_ms = 0;
  member->tick_ms = 0;
  member->still_ms = 0;
  atomic_store(&slot->pid, pid);
}

void crew_start(struct crew *crew, uint64_t now) {
  for (unsigned i = 0; i < crew->count && !crew->ending; i++) {
    struct crew_member *member = &crew->members[i];
    if (member->pid == 0 && member->due_ms <= now) member_start(crew, member, now);
  }
}

/* --- its end --- */

static void end_tell(struct crew *crew, const struct crew_member *member, int status, uint64_t now, bool replaced) {
  struct log_line *line = &crew->notice->line;
  enum log_level level = crew->ending && status == 0 ? LOG_DEBUG : LOG_WARN;
  notice_begin(crew->notice, level, "worker ended");
  log_line_integer(line, "worker", member - crew->members);
  log_line_integer(line, "pid", member->pid);
  if (WIFSIGNALED(status)) {
    log_line_integer(line, "signal", WTERMSIG(status));
  } else {
    log_line_integer(line, "exit_code", WEXITSTATUS(status));
  }
  log_line_integer(line, "lived_ms", (long long)(now - member->started_ms));
  if (replaced) log_line_integer(line, "replaced_in_ms", (long long)(member->due_ms - now));
  notice_end(crew->notice, level);
}

static bool is_verdict(const struct crew_member *member, int status) {
  return !member->proven && WIFEXITED(status) && WEXITSTATUS(status) == SUPERVISOR_EXIT_CONFIGURATION;
}

/* Asked to end before it could know how: that is no failure. */
static bool ended_well(int status, int state) {
  return status == 0 || (state == WORKER_STARTING && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* What it held at targets is free: whoever waits for that may have it. */
static void health_end(const struct crew *crew, unsigned index) {
  health_forget(crew->options->segment->health, index);
  for (unsigned i = 0; i < crew->count; i++) segment_wake(crew->options->segment, i);
}

static void member_ended(struct crew *crew, struct crew_member *member, int status, uint64_t now) {
  struct worker_slot *slot = slot_of(crew, member);
  int state = atomic_exchange(&slot->state, WORKER_ABSENT);
  member->proven = member->proven || state >= WORKER_READY;
  atomic_store(&slot->pid, 0);
  atomic_store(&slot->tick_ms, 0);
  health_end(crew, (unsigned)(member - crew->members));
  if (is_verdict(member, status)) crew->verdict = SUPERVISOR_EXIT_CONFIGURATION;
  if (crew->ending && !ended_well(status, state)) crew->failed = true;
  bool replaced = !crew->ending && crew->verdict == 0;
  if (replaced) {
    member->early = now - member->started_ms < CREW_EARLY_MS ? member->early + 1 : 0;
    member->due_ms = now + delay_of(member);
    atomic_fetch_add(&slot->restarts, 1);
    metric_add(crew->restarts, 1);
  }
  end_tell(crew, member, status, now, replaced);
  member->pid = 0;
}

static struct crew_member *member_of(struct crew *crew, pid_t pid) {
  for (unsigned i = 0; i < crew->count; i++) {
    if (crew->members[i].pid == pid) return &crew->members[i];
  }
  return NULL;
}

void crew_reap(struct crew *crew, uint64_t now) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    struct crew_member *member = member_of(crew, pid);
    if (member) {
      crew->ended++;
      member_ended(crew, member, status, now);
    } else if (crew->stranger) {
      crew->stranger(crew->user, pid, status, now);
    }
  }
}

/* --- the watchdog --- */

static void member_look(struct crew *crew, struct crew_member *member, uint64_t elapsed) {
  uint64_t tick = atomic_load(&slot_of(crew, member)->tick_ms);
  bool still = tick != 0 && tick == member->tick_ms;
  member->tick_ms = tick;
  member->still_ms = still ? member->still_ms + elapsed : 0;
  if (member->still_ms < CREW_STILL_MS) return;
  notice_begin(crew->notice, LOG_ERROR, "worker stands still, killed");
  log_line_integer(&crew->notice->line, "worker", member - crew->members);
  log_line_integer(&crew->notice->line, "pid", member->pid);
  log_line_integer(&crew->notice->line, "still_ms", (long long)member->still_ms);
  notice_end(crew->notice, LOG_ERROR);
  member->still_ms = 0;
  kill(member->pid, SIGKILL);
}

void crew_look(struct crew *crew, uint64_t elapsed) {
  if (elapsed > CREW_LOOK_MAX_MS) elapsed = CREW_LOOK_MAX_MS;
  for (unsigned i = 0; i < crew->count; i++) {
    if (crew->members[i].pid != 0) member_look(crew, &crew->members[i], elapsed);
  }
}

/* --- all of them --- */

void crew_signal(const struct crew *crew, int number) {
  for (unsigned i = 0; i < crew->count; i++) {
    if (crew->members[i].pid != 0) kill(crew->members[i].pid, number);
  }
}

unsigned crew_alive(const struct crew *crew) {
  unsigned alive = 0;
  for (unsigned i = 0; i < crew->count; i++) alive += crew->members[i].pid != 0;
  return alive;
}

bool crew_reached(const struct crew *crew, enum worker_state state) {
  for (unsigned i = 0; i < crew->count; i++) {
    const struct crew_member *member = &crew->members[i];
    if (member->pid != 0 && atomic_load(&slot_of(crew, member)->state) < (int)state) return false;
  }
  return true;
}

int crew_wait(const struct crew *crew, uint64_t now, int limit) {
  uint64_t wait = (uint64_t)limit;
  for (unsigned i = 0; i < crew->count && !crew->ending; i++) {
    const struct crew_member *member = &crew->members[i];
    if (member->pid != 0) continue;
    uint64_t rest = member->due_ms > now ? member->due_ms - now : 0;
    if (rest < wait) wait = rest;
  }
  return (int)wait;
}
