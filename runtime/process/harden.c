// SPDX-License-Identifier: Apache-2.0
#include "process/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#endif

static void files_raise(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) < 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void harden_start(void) {
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef WITH_SANITIZER /* the leak checker traces its own process */
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  files_raise();
}
