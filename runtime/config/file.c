// SPDX-License-Identifier: Apache-2.0
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/tree.h"

static int refuse(struct error *error, const char *why) {
  return error_set(error, 0, "config_unreadable", "cannot be read: %s", why);
}

static const char *reason(int code) {
  switch (code) {
    case ENOENT:
      return "there is no such file";
    case EACCES:
      return "permission denied for this user";
    default:
      return strerror(code);
  }
}

static int read_all(int fd, struct buffer *out, struct error *error) {
  size_t start = out->len;
  for (;;) {
    buffer_reserve(out, 65536);
    ssize_t got = read(fd, out->data + out->len, 65536);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(error, reason(errno));
    if (got == 0) return 0;
    out->len += (size_t)got;
    if (out->len - start > TREE_BYTES_MAX) return refuse(error, "it is larger than 4 MiB");
  }
}

int config_file_read(const char *path, struct buffer *out, struct error *error) {
  /* Non-blocking: opening a FIFO must not hang before it is refused below. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return refuse(error, reason(errno));
  struct stat status;
  int result;
  if (fstat(fd, &status) < 0) {
    result = refuse(error, reason(errno));
  } else if (!S_ISREG(status.st_mode)) {
    result = refuse(error, S_ISDIR(status.st_mode) ? "it is a directory" : "it is no regular file");
  } else {
    result = read_all(fd, out, error);
  }
  close(fd);
  return result;
}
