// SPDX-License-Identifier: Apache-2.0
#include "process/watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "process/watch_tree.h"

/* A file somebody has open for writing, or has just made: it is not read before it is closed. */
struct writer {
  int folder; /* its watch */
  char name[NAME_MAX + 1];
  uint64_t since;
};

struct watch {
  struct watch_tree tree;
  bool dirty;
  uint64_t changes;
  uint64_t first, last; /* change of the present burst */
  bool rescan;          /* a folder came or went */
  uint64_t rescan_due;  /* 0 = no folder is missing */
  struct writer writers[WATCH_WRITERS_MAX];
  size_t writer_count;
};

struct watch *watch_open(void) {
  struct watch *watch = calloc(1, sizeof *watch);
  if (!watch) return NULL;
  watch->tree.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (watch->tree.fd >= 0) return watch;
  free(watch);
  return NULL;
}

void watch_close(struct watch *watch) {
  if (!watch) return;
  close(watch->tree.fd);
  watch_tree_free(&watch->tree);
  free(watch);
}

int watch_fd(const struct watch *watch) {
  return watch->tree.fd;
}

void watch_set(struct watch *watch, const struct watch_paths *paths) {
  if (watch_tree_set(&watch->tree, paths)) watch->rescan = true;
}

/* ---- who is writing ---- */

static struct writer *writer_find(struct watch *watch, int folder, const char *name) {
  for (size_t i = 0; i < watch->writer_count; i++) {
    struct writer *writer = &watch->writers[i];
    if (writer->folder == folder && strcmp(writer->name, name) == 0) return writer;
  }
  return NULL;
}

static void writer_add(struct watch *watch, int folder, const char *name, uint64_t now) {
  struct writer *writer = writer_find(watch, folder, name);
  if (!writer && watch->writer_count < WATCH_WRITERS_MAX) {
    writer = &watch->writers[watch->writer_count++];
    *writer = (struct writer){.folder = folder, .since = now};
    snprintf(writer->name, sizeof writer->name, "%s", name);
  }
}

static void writer_remove(struct watch *watch, int folder, const char *name) {
  struct writer *writer = writer_find(watch, folder, name);
  if (writer) *writer = watch->writers[--watch->writer_count];
}

/* When the last of them has had its time; 0 without any. */
static uint64_t writers_until(const struct watch *watch) {
  uint64_t until = 0;
  for (size_t i = 0; i < watch->writer_count; i++) {
    uint64_t end = watch->writers[i].since + WATCH_WRITER_MS;
    if (end > until) until = end;
  }
  return until;
}

/* ---- events ---- */

static void note_change(struct watch *watch, uint64_t now) {
  if (!watch->dirty) watch->first = now;
  watch->dirty = true;
  watch->changes++;
  watch->last = now;
}

/* A link is there at once and is never closed. */
static bool is_being_written(const struct watch *watch, const struct inotify_event *event) {
  char path[PATH_MAX];
  struct stat about;
  if (!watch_tree_path(&watch->tree, event->wd, event->name, path)) return false;
  return lstat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink == 1;
}

static void take_file(struct watch *watch, const struct inotify_event *event, uint64_t now) {
  if (!watch_tree_relevant(&watch->tree, event->wd, event->name)) return;
  bool made = (event->mask & IN_CREATE) && is_being_written(watch, event);
  if (made || (event->mask & IN_MODIFY)) {
    writer_add(watch, event->wd, event->name, now);
  } else if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE)) {
    writer_remove(watch, event->wd, event->name);
  }
  note_change(watch, now);
}

static void take(struct watch *watch, const struct inotify_event *event, uint64_t now) {
  if (event->mask & IN_Q_OVERFLOW) {
    watch->rescan = true;
    watch->writer_count = 0;
    note_change(watch, now);
  } else if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
    watch->rescan = true;
    if (watch_tree_lost(&watch->tree, event->wd, event->mask)) note_change(watch, now);
  } else if (event->mask & IN_ISDIR) {
    if (!watch_tree_relevant_folder(&watch->tree, event->wd, event->name)) return;
    watch->rescan = true;
    note_change(watch, now);
  } else if (event->len > 0) {
    take_file(watch, event, now);
  }
}

static void rescan(struct watch *watch, uint64_t now) {
  bool late = watch->rescan_due && now >= watch->rescan_due;
  if (!watch->rescan && !late) return;
  watch->rescan = false;
  bool complete = watch_tree_scan(&watch->tree);
  if (late && complete) note_change(watch, now); /* what was gone is back */
  watch->rescan_due = complete ? 0 : now + WATCH_RESCAN_MS;
}

void watch_read(struct watch *watch, uint64_t now) {
  _Alignas(struct inotify_event) char events[16 * 1024];
  for (ssize_t len; (len = read(watch->tree.fd, events, sizeof events)) > 0;) {
    for (ssize_t at = 0; at < len;) {
      const struct inotify_event *event = (const struct inotify_event *)(const void *)(events + at);
      take(watch, event, now);
      at += (ssize_t)(sizeof *event + event->len);
    }
  }
  rescan(watch, now);
}

/* ---- when ---- */

static uint64_t due_at(const struct watch *watch) {
  uint64_t due = watch->last + WATCH_QUIET_MS, longest = watch->first + WATCH_LONGEST_MS;
  uint64_t writers = writers_until(watch);
  if (due > longest) due = longest;
  if (writers > watch->first + 2 * WATCH_WRITER_MS) writers = watch->first + 2 * WATCH_WRITER_MS;
  return writers > due ? writers : due;
}

bool watch_due(const struct watch *watch, uint64_t now) {
  return watch->dirty && now >= due_at(watch);
}

uint64_t watch_take(struct watch *watch, uint64_t now) {
  if (watch_due(watch, now)) watch->writer_count = 0;
  watch->dirty = false;
  return watch->changes;
}

uint64_t watch_changes(const struct watch *watch) {
  return watch->changes;
}

int watch_wait(const struct watch *watch, uint64_t now, int limit) {
  uint64_t due = watch->dirty ? due_at(watch) : UINT64_MAX;
  if (watch->rescan_due && watch->rescan_due < due) due = watch->rescan_due;
  if (due <= now) return 0;
  return due - now < (uint64_t)limit ? (int)(due - now) : limit;
}
