// SPDX-License-Identifier: Apache-2.0
#include "process/notice.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe or terminal is opened anew without blocking: the flag on the old descriptor would be everybody's who shares
 * it, the shell's too. */
void notice_open(struct notice *notice, int fd, enum log_level level) {
  char path[32];
  struct stat about;
  *notice = (struct notice){.fd = fd, .level = level};
  if (fstat(fd, &about) < 0) return;
  notice->socket = S_ISSOCK(about.st_mode);
  if (!S_ISFIFO(about.st_mode) && !S_ISCHR(about.st_mode)) return;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own < 0) return;
  notice->fd = own;
  notice->own = true;
}

void notice_close(struct notice *notice) {
  if (notice->own) close(notice->fd);
  notice->own = false;
}

void notice_begin(struct notice *notice, enum log_level level, const char *message) {
  log_line_begin(&notice->line, level, message);
}

void notice_end(struct notice *notice, enum log_level level) {
  struct slice line = log_line_end(&notice->line);
  if (level < notice->level) return;
  ssize_t written = notice->socket ? send(notice->fd, line.ptr, line.len, MSG_DONTWAIT | MSG_NOSIGNAL)
                                   : write(notice->fd, line.ptr, line.len);
  (void)written;
}
