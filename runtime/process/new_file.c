// SPDX-License-Identifier: Apache-2.0
#include "process/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int path_join(char out[PATH_MAX], const char *folder, const char *path, struct error *error) {
  int len = snprintf(out, PATH_MAX, "%s/%s", folder, path);
  if (len > 0 && len < PATH_MAX) return 0;
  return error_set(error, 0, "file", "%.120s: the path is too long", path);
}

static int folders_make(char *path, struct error *error) {
  for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = '\0';
    int status = mkdir(path, 0777) < 0 && errno != EEXIST ? errno : 0;
    if (status) return error_set(error, 0, "file", "%.120s: %s", path, strerror(status));
    *slash = '/';
  }
  return 0;
}

static int bytes_write(int fd, struct slice bytes) {
  while (bytes.len > 0) {
    ssize_t len = write(fd, bytes.ptr, bytes.len);
    if (len < 0 && errno != EINTR) return -1;
    if (len > 0) bytes = slice_from(bytes, (size_t)len);
  }
  return 0;
}

bool new_file_taken(const char *folder, const char *path) {
  char full[PATH_MAX];
  struct stat status;
  return path_join(full, folder, path, NULL) == 0 && lstat(full, &status) == 0;
}

int new_file_write(const char *folder, const char *path, struct slice text, struct error *error) {
  char full[PATH_MAX];
  if (path_join(full, folder, path, error) < 0 || folders_make(full, error) < 0) return -1;
  int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return error_set(error, 0, "file", "%.120s: %s", full, strerror(errno));
  int result = bytes_write(fd, text);
  int failed = result < 0 ? errno : 0;
  if (close(fd) < 0 && !failed) failed = errno;
  if (!failed) return 0;
  unlink(full);
  return error_set(error, 0, "file", "%.120s: %s", full, strerror(failed));
}
