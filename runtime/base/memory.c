// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool file_read(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t len = read(fd, text, size - 1);
  close(fd);
  text[len > 0 ? len : 0] = '\0';
  return len > 0;
}

uint64_t memory_own(void) {
  char text[128];
  unsigned long long resident, shared;
  if (!file_read("/proc/self/statm", text, sizeof text)) return 0;
  if (sscanf(text, "%*u %llu %llu", &resident, &shared) != 2 || shared > resident) return 0;
  return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* "max", and numbers near the largest there is, are no limit. */
static uint64_t limit_read(const char *path, uint64_t least) {
  char text[64];
  if (!file_read(path, text, sizeof text)) return least;
  unsigned long long value = strtoull(text, NULL, 10);
  return value > 0 && value < least ? value : least;
}

/* Version 2: the group's folder and those above it. */
static uint64_t groups_limit(char *group, uint64_t least) {
  char path[640];
  for (;;) {
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
    least = limit_read(path, least);
    char *slash = strrchr(group, '/');
    if (!slash) return least;
    *slash = '\0';
  }
}

uint64_t memory_limit(void) {
  char text[512];
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  uint64_t machine = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0,
           least = machine ? machine : UINT64_MAX;
  least = limit_read("/sys/fs/cgroup/memory/memory.limit_in_bytes", least);
  char none[1] = "", *group = none;
  if (file_read("/proc/self/cgroup", text, sizeof text) && strncmp(text, "0::", 3) == 0) {
    text[strcspn(text, "\n")] = '\0';
    group = text + 3;
  }
  least = groups_limit(group, least);
  return least == UINT64_MAX ? 0 : least;
}
