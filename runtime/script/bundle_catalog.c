// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "catalog/build.h"
#include "script/bundle_walk.h"

/* The catalog's files: the one beside the bundled scripts, and the operator's over it. */

bool bundle_catalog_path(const char *root, char *out, size_t size) {
  const char *slash = strrchr(root, '/');
  int len = snprintf(out, size, "%.*sconf/catalog.json", slash ? (int)(slash - root) + 1 : 0, root);
  return len > 0 && (size_t)len < size;
}

static const char *read_all(int fd, struct buffer *text) {
  while (text->len <= CATALOG_FILE_MAX) {
    buffer_reserve(text, 256 * 1024);
    ssize_t got = read(fd, text->data + text->len, 256 * 1024);
    if (got < 0 && errno != EINTR) return strerror(errno);
    if (got == 0) return NULL;
    if (got > 0) text->len += (size_t)got;
  }
  return NULL;
}

static void source_read(struct catalog_source *source, struct buffer *text) {
  int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  source->unread = fd < 0 ? strerror(errno) : read_all(fd, text);
  if (fd >= 0) close(fd);
  source->text = buffer_slice(text);
}

void bundle_catalog_read(const struct bundle_sources *sources, struct buffer *out) {
  char path[PATH_MAX] = "";
  struct catalog_source files[2];
  struct buffer texts[2] = {{0}, {0}};
  size_t count = 0;
  bool placed = sources->root_count > 0 && bundle_catalog_path(sources->roots[0], path, sizeof path);
  if (placed && access(path, F_OK) == 0) files[count++] = (struct catalog_source){.path = path};
  if (sources->catalog_overlay) files[count++] = (struct catalog_source){.path = sources->catalog_overlay};
  for (size_t i = 0; i < count; i++) source_read(&files[i], &texts[i]);
  catalog_build(files, count, out);
  for (size_t i = 0; i < count; i++) buffer_free(&texts[i]);
}
