// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "process_support.h"

/* Finishes after a while, still ticking, as a worker with an open stream does. */
static int worker_drains_slowly(const struct worker_start *start) {
  int code = serve_until(start, UINT64_MAX);
  for (int i = 0; i < 50; i++) {
    slot_say(start, WORKER_DRAINING);
    usleep(10 * 1000);
  }
  return code;
}

static int worker_fails_at_the_end(const struct worker_start *start) {
  serve_until(start, UINT64_MAX);
  return 5;
}

static void it_says_when_all_workers_are_ready_and_ends_with_0(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 3, 1000, NULL, false});
  unsigned port = program_port(program);
  assert_non_null(strstr(program->text, "\"workers\":3,"));
  bool answered[3] = {false};
  for (int i = 0; i < 100; i++) {
    pid_t pid = answer_of(connect_to(port));
    for (unsigned worker = 0; worker < 3; worker++) answered[worker] |= pid == worker_pid(program, worker);
  }
  assert_true(answered[0] && answered[1] && answered[2]);
  program_end(program);
}

static void sigint_ends_it_like_sigterm(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 2, 1000, NULL, false});
  program_port(program);
  kill(program->pid, SIGINT);
  assert_int_equal(program_wait(program, 5000), 0);
  assert_non_null(strstr(program->text, "\"msg\":\"draining\",\"signal\":\"INT\""));
  program_free(program);
}

static void draining_gives_the_address_up_and_waits_for_open_work(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_drains_slowly, 2, 5000, NULL, false});
  unsigned port = program_port(program);
  uint64_t began = now_ms();
  kill(program->pid, SIGTERM);
  int client;
  while ((client = connect_to(port)) >= 0 || errno == ECONNRESET) { /* reset: the listener closed in between */
    if (client >= 0) close(client);
    if (now_ms() - began > 3000) fail_msg("still listening");
    usleep(1000);
  }
  assert_int_equal(errno, ECONNREFUSED);
  assert_true(program->segment->draining);
  assert_true(now_ms() - began < 400);
  assert_int_equal(program_wait(program, 5000), 0);
  assert_true(now_ms() - began >= 450);
  program_free(program);
}

static void a_worker_that_will_not_end_is_killed_after_the_drain_time(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_will_not_end, 1, 300, NULL, false});
  program_port(program);
  uint64_t began = now_ms();
  kill(program->pid, SIGTERM);
  assert_int_equal(program_wait(program, 10000), 1);
  assert_true(now_ms() - began >= 2250 && now_ms() - began < 5000);
  program_free(program);
}

static void an_interrupt_while_draining_ends_it_at_once(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_will_not_end, 2, 60000, NULL, false});
  program_port(program);
  kill(program->pid, SIGTERM);
  output_wait(program, "\"msg\":\"draining\"", 5000);
  uint64_t began = now_ms();
  kill(program->pid, SIGTERM); /* says nothing new */
  kill(program->pid, SIGINT);
  assert_int_equal(program_wait(program, 5000), 1);
  assert_true(now_ms() - began < 1000);
  program_free(program);
}

static void a_worker_that_fails_while_draining_shows_in_the_exit_code(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_fails_at_the_end, 1, 1000, NULL, false});
  program_port(program);
  kill(program->pid, SIGTERM);
  assert_int_equal(program_wait(program, 5000), 1);
  program_free(program);
}

static void sighup_changes_nothing(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 1, 1000, NULL, false});
  unsigned port = program_port(program);
  kill(program->pid, SIGHUP);
  pid_t worker = worker_kill(program, 0, SIGHUP);
  worker_kill(program, 0, SIGINT);
  usleep(100 * 1000);
  assert_int_equal(answer_of(connect_to(port)), worker);
  program_end(program);
}

static void a_stuck_stdout_does_not_stop_the_supervisor(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 1, 1000, NULL, true});
  replacement_wait(program, 0, 0, 5000);
  for (int i = 0; i < 3; i++) {
    pid_t old = worker_kill(program, 0, SIGKILL);
    replacement_wait(program, 0, old, 5000);
  }
  kill(program->pid, SIGTERM);
  int status = 0;
  uint64_t began = now_ms();
  while (waitpid(program->pid, &status, WNOHANG) == 0 && now_ms() - began < 5000) usleep(1000);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0 && now_ms() - began < 5000);
  program_free(program);
}

static void a_stdout_that_nobody_reads_any_more_does_not_end_it(void **state) {
  UNUSED(state);
  struct program *program = program_start((struct plan){worker_serves, 1, 1000, NULL, false});
  program_port(program);
  close(program->out);
  program->out = open("/dev/null", O_RDONLY);
  pid_t old = worker_kill(program, 0, SIGKILL);
  replacement_wait(program, 0, old, 5000);
  program_end(program);
}

static void a_taken_port_is_said_on_stderr_and_ends_it_with_1(void **state) {
  UNUSED(state);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pipes[2];
  assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(taken, 1), 0);
  assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &len), 0);
  struct settings settings = {.host = "127.0.0.1", .port = ntohs(address.sin_port)};
  assert_int_equal(pipe(pipes), 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(pipes[1], STDERR_FILENO);
    struct supervisor_options options = {.settings = &settings, .segment = segment_open(2), .worker = worker_serves};
    int code = supervisor_run(&options);
    segment_close(options.segment);
    _exit(code);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  char text[512] = {0}, expected[128];
  assert_true(read(pipes[0], text, sizeof text - 1) > 0);
  snprintf(expected, sizeof expected, "moongate: another program listens on 127.0.0.1:%u; stop it or set PORT\n",
           settings.port);
  assert_string_equal(text, expected);
  close(pipes[0]);
  close(pipes[1]);
  close(taken);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_says_when_all_workers_are_ready_and_ends_with_0),
      cmocka_unit_test(sigint_ends_it_like_sigterm),
      cmocka_unit_test(draining_gives_the_address_up_and_waits_for_open_work),
      cmocka_unit_test(a_worker_that_will_not_end_is_killed_after_the_drain_time),
      cmocka_unit_test(an_interrupt_while_draining_ends_it_at_once),
      cmocka_unit_test(a_worker_that_fails_while_draining_shows_in_the_exit_code),
      cmocka_unit_test(sighup_changes_nothing),
      cmocka_unit_test(a_stuck_stdout_does_not_stop_the_supervisor),
      cmocka_unit_test(a_stdout_that_nobody_reads_any_more_does_not_end_it),
      cmocka_unit_test(a_taken_port_is_said_on_stderr_and_ends_it_with_1),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
