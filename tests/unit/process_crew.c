// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <sys/mman.h>

#include "process_support.h"

/* Its loop stops ticking after a moment, though it would go on for ever. */
static int worker_freezes(const struct worker_start *start) {
  return serve_until(start, 300);
}

static int worker_crashes(const struct worker_start *start) {
  UNUSED(start);
  return 1;
}

static int worker_cannot_be_configured(const struct worker_start *start) {
  if (start->index == 1) return SUPERVISOR_EXIT_CONFIGURATION;
  return serve_until(start, UINT64_MAX);
}

/* Ready first, then 78: once, in the first process of its place. */
static int worker_says_78_late(const struct worker_start *start) {
  if (atomic_load(&start->segment->workers[start->index].restarts) > 0) return serve_until(start, UINT64_MAX);
  slot_say(start, WORKER_READY);
  usleep(100 * 1000);
  return SUPERVISOR_EXIT_CONFIGURATION;
}

/* Checks what it was given; 0 in `user` says all is well. */
static int worker_inspects_itself(const struct worker_start *start) {
  int *faults = start->user;
  sigset_t mask;
  struct sigaction action;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  if (sigismember(&mask, SIGTERM) || sigismember(&mask, SIGCHLD) || sigismember(&mask, SIGPIPE)) *faults |= 1;
  sigaction(SIGINT, NULL, &action);
  if (action.sa_handler != SIG_IGN) *faults |= 2;
  sigaction(SIGHUP, NULL, &action);
  if (action.sa_handler != SIG_IGN) *faults |= 4;
  int listening = 0;
  for (int fd = 0; fd < 256; fd++) {
    int value = 0;
    socklen_t len = sizeof value;
    listening += getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value;
  }
  if (listening != 1) *faults |= 8;
  return serve_until(start, UINT64_MAX);
}

static void a_killed_worker_is_replaced_within_200_ms(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 2, 1000, NULL, false});
  program_port(program);
  pid_t other = worker_pid(program, 0), old = worker_kill(program, 1, SIGKILL);
  uint64_t took = replacement_wait(program, 1, old, 5000);
  if (took > 200) fail_msg("%llu ms", (unsigned long long)took);
  assert_int_equal(worker_pid(program, 0), other);
  assert_int_equal(program->segment->workers[1].restarts, 1);
  output_wait(program, "\"msg\":\"worker ended\",\"worker\":1,", 1000);
  assert_non_null(strstr(program->text, "\"signal\":9,"));
  program_end(program);
}

/* The process is stopped, so that it cannot have accepted; what then lies in its queue the next one answers. */
static void connections_in_a_dead_workers_queue_are_served_by_its_replacement(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 1, 1000, NULL, false});
  unsigned port = program_port(program);
  pid_t old = worker_kill(program, 0, SIGSTOP);
  usleep(50 * 1000);
  int clients[20];
  for (int i = 0; i < 20; i++) assert_true((clients[i] = connect_to(port)) >= 0);
  kill(old, SIGKILL);
  for (int i = 0; i < 20; i++) {
    pid_t answered = answer_of(clients[i]);
    assert_true(answered > 0 && answered != old);
  }
  program_end(program);
}

static void new_connections_are_never_refused_while_a_worker_is_replaced(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 2, 1000, NULL, false});
  unsigned port = program_port(program);
  for (int round = 0; round < 4; round++) {
    pid_t old = worker_kill(program, 0, SIGKILL);
    for (int i = 0; i < 20; i++) {
      int client = connect_to(port);
      assert_true(client >= 0);
      close(client);
    }
    replacement_wait(program, 0, old, 5000);
  }
  program_end(program);
}

/* Starts at 0, 0, 100, 300, 700, 1500 ms and then not before 3100. */
static void a_crash_loop_is_slowed_down(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_crashes, 1, 1000, NULL, false});
  usleep(2300 * 1000);
  uint64_t restarts = atomic_load(&program->segment->workers[0].restarts);
  assert_in_range(restarts, 4, 7);
  kill(program->pid, SIGTERM);
  assert_int_equal(program_wait(program, 5000), 0);
  assert_non_null(strstr(program->text, "\"exit_code\":1,"));
  assert_non_null(strstr(program->text, "\"replaced_in_ms\":0}"));
  assert_non_null(strstr(program->text, "\"replaced_in_ms\":100}"));
  assert_non_null(strstr(program->text, "\"replaced_in_ms\":800}"));
  program_free(program);
}

static void a_worker_without_configuration_ends_the_program_with_its_code(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_cannot_be_configured, 3, 1000, NULL, false});
  assert_int_equal(program_wait(program, 5000), SUPERVISOR_EXIT_CONFIGURATION);
  program_free(program);
}

static void the_same_code_from_a_worker_that_was_ready_only_restarts_it(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_says_78_late, 1, 1000, NULL, false});
  output_wait(program, "\"exit_code\":78,", 5000);
  replacement_wait(program, 0, 0, 5000);
  program_end(program);
}

static void a_worker_whose_loop_stands_still_is_replaced_after_2_seconds(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_freezes, 1, 1000, NULL, false});
  program_port(program);
  pid_t old = worker_pid(program, 0);
  uint64_t took = replacement_wait(program, 0, old, 10000);
  assert_true(took > 1900 && took < 4000);
  output_wait(program, "\"level\":\"error\",\"msg\":\"worker stands still, killed\",\"worker\":0,", 1000);
  program_end(program);
}

/* All of it was stopped (a laptop's lid, a debugger): nobody is to blame afterwards. */
static void a_program_that_slept_kills_nobody_when_it_wakes(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 1, 1000, NULL, false});
  program_port(program);
  kill(program->pid, SIGSTOP);
  pid_t worker = worker_kill(program, 0, SIGSTOP);
  usleep(3000 * 1000);
  kill(program->pid, SIGCONT);
  usleep(300 * 1000);
  kill(worker, SIGCONT);
  usleep(500 * 1000);
  assert_int_equal(worker_pid(program, 0), worker);
  assert_int_equal(program->segment->workers[0].restarts, 0);
  program_end(program);
}

static void workers_die_with_their_supervisor(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_will_not_end, 2, 1000, NULL, false});
  program_port(program);
  kill(program->pid, SIGKILL);
  int status;
  assert_int_equal(waitpid(program->pid, &status, 0), program->pid);
  uint64_t began = now_ms();
  for (unsigned i = 0; i < 2; i++) { /* a worker that lives goes on saying READY */
    for (atomic_store(&program->segment->workers[i].state, WORKER_ABSENT);;) {
      usleep(100 * 1000);
      if (atomic_load(&program->segment->workers[i].state) == WORKER_ABSENT) break;
      atomic_store(&program->segment->workers[i].state, WORKER_ABSENT);
      assert_true(now_ms() - began < 3000);
    }
    atomic_store(&program->segment->workers[i].pid, 0);
  }
  program_free(program);
}

static void a_worker_starts_with_clean_signals_and_its_own_socket_only(void **state) {
  UNUSED(state);
  int *faults = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct program *program = program_start((struct plan){worker_inspects_itself, 3, 1000, faults, false});
  program_port(program);
  assert_int_equal(*faults, 0);
  program_end(program);
  munmap(faults, 4096);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_killed_worker_is_replaced_within_200_ms),
      cmocka_unit_test(connections_in_a_dead_workers_queue_are_served_by_its_replacement),
      cmocka_unit_test(new_connections_are_never_refused_while_a_worker_is_replaced),
      cmocka_unit_test(a_crash_loop_is_slowed_down),
      cmocka_unit_test(a_worker_without_configuration_ends_the_program_with_its_code),
      cmocka_unit_test(the_same_code_from_a_worker_that_was_ready_only_restarts_it),
      cmocka_unit_test(a_worker_whose_loop_stands_still_is_replaced_after_2_seconds),
      cmocka_unit_test(a_program_that_slept_kills_nobody_when_it_wakes),
      cmocka_unit_test(workers_die_with_their_supervisor),
      cmocka_unit_test(a_worker_starts_with_clean_signals_and_its_own_socket_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
