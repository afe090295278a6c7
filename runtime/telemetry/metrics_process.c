// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "telemetry/metrics_area.h"

struct usage {
  uint64_t ticks; /* processor time, with that of children already waited for */
  uint64_t pages; /* resident */
};

/* One line of /proc/<pid>/stat; the fields after the last ')' are ours to trust. False when the process is gone. */
static bool usage_read(int pid, struct usage *usage) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t len = read(fd, text, sizeof text - 1);
  close(fd);
  if (len <= 0) return false;
  text[len] = 0;
  const char *rest = strrchr(text, ')');
  char state;
  unsigned long user, kernel, children_user, children_kernel;
  long pages;
  if (!rest ||
      sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu %*d %*d %*d %*d %*u %*u %ld",
             &state, &user, &kernel, &children_user, &children_kernel, &pages) != 6) {
    return false;
  }
  *usage = (struct usage){user + kernel + children_user + children_kernel, (uint64_t)pages};
  return state != 'Z' && state != 'X';
}

/* Newer kernels say it in one call; older ones say 0 and are counted. */
static uint64_t files_open(void) {
  struct stat about;
  if (stat("/proc/self/fd", &about) == 0 && about.st_size > 0) return (uint64_t)about.st_size;
  DIR *folder = opendir("/proc/self/fd");
  if (!folder) return 0;
  uint64_t count = 0;
  for (const struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
  closedir(folder);
  return count > 0 ? count - 1 : 0; /* the folder itself was open */
}

static void append_program(struct metrics *metrics, struct buffer *out, const struct usage *sum) {
  int64_t started = atomic_load(&metrics->area->started_ms);
  buffer_append_format(out,
                       "# HELP process_cpu_seconds_total Processor time of all processes of the program.\n"
                       "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.2f\n",
                       (double)sum->ticks / (double)sysconf(_SC_CLK_TCK));
  buffer_append_format(out,
                       "# HELP process_resident_memory_bytes Resident memory of all processes of the program.\n"
                       "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %llu\n",
                       (unsigned long long)sum->pages * (unsigned long long)sysconf(_SC_PAGESIZE));
  buffer_append_format(out,
                       "# HELP process_start_time_seconds When the program started, unix time.\n"
                       "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %lld.%03d\n",
                       (long long)(started / 1000), (int)(started % 1000));
  buffer_append_format(out,
                       "# HELP process_open_fds Open files of the worker that answers.\n"
                       "# TYPE process_open_fds gauge\nprocess_open_fds %llu\n",
                       (unsigned long long)files_open());
}

void metrics_process_render(struct metrics *metrics, struct buffer *out) {
  struct usage sum = {0};
  buffer_append_format(out,
                       "# HELP gateway_worker_up 1 while the worker's process lives.\n"
                       "# TYPE gateway_worker_up gauge\n");
  for (unsigned i = 0; i < metrics->count; i++) {
    int pid = atomic_load_explicit(&metrics->area->slots[i].pid, memory_order_acquire);
    struct usage usage = {0};
    bool alive = pid > 0 && usage_read(pid, &usage);
    if (alive) sum = (struct usage){sum.ticks + usage.ticks, sum.pages + usage.pages};
    bool supervisor = metrics->count > 1 && i == metrics->count - 1;
    if (!supervisor) buffer_append_format(out, "gateway_worker_up{worker=\"%u\"} %d\n", i, alive);
  }
  append_program(metrics, out, &sum);
}
