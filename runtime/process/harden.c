// SPDX-License-Identifier: Apache-2.0
#include "process/harden.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#endif

/* For the listener, the loop, the log, scripts, name lookups. */
enum { RESERVED_FILES = 64, LEAST_CONNECTIONS = 16 };

/* Started without them, the first socket would be called standard output, and be logged to. */
static void standard_files_fill(void) {
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

static void files_raise(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) < 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

unsigned harden_connections(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / 2 >= UINT_MAX) return UINT_MAX;
  rlim_t room = files.rlim_cur > RESERVED_FILES ? (files.rlim_cur - RESERVED_FILES) / 2 : 0;
  return room > LEAST_CONNECTIONS ? (unsigned)room : LEAST_CONNECTIONS;
}

void harden_start(void) {
  standard_files_fill();
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef WITH_SANITIZER /* the leak checker traces its own process */
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  files_raise();
}
