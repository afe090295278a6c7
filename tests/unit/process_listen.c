// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/harden.h"
#include "process/listen.h"

#define UNUSED(x) (void)(x)

static unsigned port_of(const struct listeners *listeners) {
  return (unsigned)atoi(strrchr(listeners->address, ':') + 1);
}

static int connect_to(unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static unsigned waiting_on(int fd) {
  unsigned count = 0;
  for (int taken; (taken = accept(fd, NULL, NULL)) >= 0; count++) close(taken);
  assert_int_equal(errno, EAGAIN);
  return count;
}

static void every_worker_gets_a_share_of_one_port(void **state) {
  UNUSED(state);
  struct listeners listeners;
  struct error error;
  assert_int_equal(listen_open(&listeners, "127.0.0.1", 0, 4, &error), 0);
  assert_int_equal(listeners.count, 4);
  assert_int_not_equal(port_of(&listeners), 0);
  int clients[200];
  for (int i = 0; i < 200; i++) assert_true((clients[i] = connect_to(port_of(&listeners))) >= 0);
  unsigned total = 0;
  for (unsigned i = 0; i < 4; i++) {
    unsigned share = waiting_on(listeners.fds[i]);
    assert_true(share > 10);
    total += share;
  }
  assert_int_equal(total, 200);
  for (int i = 0; i < 200; i++) close(clients[i]);
  listen_close(&listeners);
}

static void sockets_do_not_block_and_do_not_leak_into_programs(void **state) {
  UNUSED(state);
  struct listeners listeners;
  assert_int_equal(listen_open(&listeners, "127.0.0.1", 0, 2, NULL), 0);
  for (unsigned i = 0; i < 2; i++) {
    assert_true(fcntl(listeners.fds[i], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(listeners.fds[i], F_GETFD) & FD_CLOEXEC);
  }
  listen_close(&listeners);
  assert_int_equal(listeners.count, 0);
  listen_close(&listeners);
}

static void hosts_are_addresses_or_names_of_this_machine(void **state) {
  UNUSED(state);
  static const struct {
    const char *host, *shown;
  } rows[] = {{"127.0.0.1", "127.0.0.1:"}, {"localhost", "127.0.0.1:"}, {"0.0.0.0", "0.0.0.0:"},
              {"::1", "[::1]:"},           {"[::1]", "[::1]:"},         {"::", "[::]:"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct listeners listeners;
    struct error error = {0};
    if (listen_open(&listeners, rows[i].host, 0, 2, &error) < 0) fail_msg("%s: %s", rows[i].host, error.message);
    assert_memory_equal(listeners.address, rows[i].shown, strlen(rows[i].shown));
    if (rows[i].host[0] == ':' && !rows[i].host[2]) { /* "::" takes IPv4 too */
      int client = connect_to(port_of(&listeners));
      assert_true(client >= 0);
      close(client);
    }
    listen_close(&listeners);
  }
}

static void assert_refused(const char *host, unsigned port, const char *code, const char *part) {
  struct listeners listeners;
  struct error error = {0};
  assert_int_equal(listen_open(&listeners, host, port, 2, &error), -1);
  assert_int_equal(listeners.count, 0);
  assert_string_equal(error.code, code);
  if (!strstr(error.message, part)) fail_msg("no \"%s\" in: %s", part, error.message);
}

static void a_port_that_another_program_has_is_refused_with_what_to_do(void **state) {
  UNUSED(state);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 1), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
  unsigned port = ntohs(address.sin_port);
  char expected[100];
  snprintf(expected, sizeof expected, "another program listens on 127.0.0.1:%u; stop it or set PORT", port);
  assert_refused("127.0.0.1", port, "port_in_use", expected);
  assert_refused("0.0.0.0", port, "port_in_use", "set PORT");
  assert_refused("::", port, "port_in_use", "set PORT");
  close(fd);
}

static void a_second_moongate_does_not_share_the_port_unseen(void **state) {
  UNUSED(state);
  struct listeners first;
  assert_int_equal(listen_open(&first, "127.0.0.1", 0, 2, NULL), 0);
  assert_refused("127.0.0.1", port_of(&first), "port_in_use", "another program listens on 127.0.0.1:");
  assert_refused("0.0.0.0", port_of(&first), "port_in_use", "another program listens on 0.0.0.0:");
  unsigned port = port_of(&first);
  listen_close(&first);
  struct listeners again;
  assert_int_equal(listen_open(&again, "127.0.0.1", port, 2, NULL), 0);
  listen_close(&again);
}

/* The side that closes first keeps the port in TIME_WAIT: a restart must not trip over that. */
static void a_port_with_connections_that_just_ended_can_be_taken_again(void **state) {
  UNUSED(state);
  struct listeners listeners;
  assert_int_equal(listen_open(&listeners, "127.0.0.1", 0, 1, NULL), 0);
  unsigned port = port_of(&listeners);
  int client = connect_to(port);
  int served = accept(listeners.fds[0], NULL, NULL);
  assert_true(served >= 0);
  close(served);
  char byte;
  assert_int_equal(read(client, &byte, 1), 0);
  close(client);
  listen_close(&listeners);
  assert_int_equal(listen_open(&listeners, "127.0.0.1", port, 1, NULL), 0);
  listen_close(&listeners);
}

static void impossible_addresses_are_refused_with_what_to_do(void **state) {
  UNUSED(state);
  assert_refused("192.0.2.1", 8080, "address_unavailable", "192.0.2.1:8080 is no address of this machine; set HOST");
  assert_refused("no such host", 8080, "unknown_host", "HOST \"no such host\" is unknown");
  assert_refused("127.0.0.1", 65536, "invalid_port", "PORT is 0 to 65535, not 65536");
}

static int child_status(int (*run)(void)) {
  pid_t child = fork();
  if (child == 0) _exit(run());
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int privileged_port_as_nobody(void) {
  int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_RDONLY);
  char text[16] = {0};
  if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || atoi(text) <= 81) return 0; /* nothing is privileged here */
  if (geteuid() == 0 && setuid(65534) != 0) return 2;
  struct listeners listeners;
  struct error error = {0};
  if (listen_open(&listeners, "127.0.0.1", 81, 1, &error) == 0) return 3;
  return strcmp(error.code, "port_privileged") == 0 && strstr(error.message, "1024 or more") ? 0 : 4;
}

static void a_privileged_port_is_refused_with_what_to_do(void **state) {
  UNUSED(state);
  assert_int_equal(child_status(privileged_port_as_nobody), 0);
}

static int hardened(void) {
  struct rlimit before, files, core;
  getrlimit(RLIMIT_NOFILE, &before);
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, before.rlim_max});
  harden_start();
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_CORE, &core);
  if (files.rlim_cur != before.rlim_max || core.rlim_cur != 0 || core.rlim_max != 0) return 1;
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 2;
#ifndef __SANITIZE_ADDRESS__
  if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 3;
#endif
  return 0;
}

static void a_hardened_process_has_no_core_no_privileges_and_all_its_files(void **state) {
  UNUSED(state);
  assert_int_equal(child_status(hardened), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_worker_gets_a_share_of_one_port),
      cmocka_unit_test(sockets_do_not_block_and_do_not_leak_into_programs),
      cmocka_unit_test(hosts_are_addresses_or_names_of_this_machine),
      cmocka_unit_test(a_port_that_another_program_has_is_refused_with_what_to_do),
      cmocka_unit_test(a_second_moongate_does_not_share_the_port_unseen),
      cmocka_unit_test(a_port_with_connections_that_just_ended_can_be_taken_again),
      cmocka_unit_test(impossible_addresses_are_refused_with_what_to_do),
      cmocka_unit_test(a_privileged_port_is_refused_with_what_to_do),
      cmocka_unit_test(a_hardened_process_has_no_core_no_privileges_and_all_its_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
