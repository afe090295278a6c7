// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/harden.h"

/* Every test runs in a process of its own: what hardening does cannot be undone. */
static int exit_code_of(int (*body)(void)) {
  int status;
  pid_t pid = fork();
  if (pid == 0) _exit(body());
  assert_true(pid > 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int missing_standard_files(void) {
  for (int fd = 0; fd <= 2; fd++) close(fd);
  harden_start();
  for (int fd = 0; fd <= 2; fd++) {
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR) return 1;
  }
  return dup(0) == 3 ? 0 : 2;
}

static void standard_files_that_are_missing_are_filled_in(void **state) {
  (void)state;
  assert_int_equal(exit_code_of(missing_standard_files), 0);
}

static int present_standard_files(void) {
  int ends[2];
  if (pipe(ends) < 0 || dup2(ends[1], STDOUT_FILENO) < 0) return 1;
  harden_start();
  char byte;
  return write(STDOUT_FILENO, "x", 1) == 1 && read(ends[0], &byte, 1) == 1 ? 0 : 2;
}

static void standard_files_that_are_there_are_left_alone(void **state) {
  (void)state;
  assert_int_equal(exit_code_of(present_standard_files), 0);
}

static int limited_files(void) {
  static const struct {
    rlim_t files;
    unsigned connections;
  } cases[] = {{1024, 480}, {256, 96}, {100, 18}, {90, 16}, {30, 16}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct rlimit limit = {cases[i].files, cases[i].files};
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return 1;
    if (harden_connections() != cases[i].connections) return 2;
  }
  return 0;
}

static void the_limit_of_open_files_bounds_the_connections(void **state) {
  (void)state;
  assert_int_equal(exit_code_of(limited_files), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(standard_files_that_are_missing_are_filled_in),
      cmocka_unit_test(standard_files_that_are_there_are_left_alone),
      cmocka_unit_test(the_limit_of_open_files_bounds_the_connections),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
