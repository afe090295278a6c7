// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tells when script folders or the configuration file have changed: inotify, without a library. Only names matter that
 * a script, a spec, a folder or the file can have. A file that is still being written is waited for, and a burst of
 * changes is one. Times are monotonic milliseconds. */

enum {
  WATCH_QUIET_MS = 60,    /* nothing more for so long: the burst is over */
  WATCH_LONGEST_MS = 300, /* a burst that does not end is read in between */
  WATCH_WRITER_MS = 2000, /* so long a file may stay open for writing */
  WATCH_RESCAN_MS = 1000, /* how often a folder that is gone is looked for */
  WATCH_FOLDERS_MAX = 1024,
  WATCH_WRITERS_MAX = 64
};

struct watch;

/* Null when the kernel has no more watches to give. */
struct watch *watch_open(void);
void watch_close(struct watch *watch);
int watch_fd(const struct watch *watch);

struct watch_paths {
  const char *const *roots; /* script folders; the first root's specs are beside it */
  size_t root_count;
  const char *const *files; /* single files: the configuration, catalogs */
  size_t file_count;
};

/* From now on these. The strings are copied. */
void watch_set(struct watch *watch, const struct watch_paths *paths);

/* Takes in what the kernel has to say. */
void watch_read(struct watch *watch, uint64_t now);

/* True when a burst of changes is over and it is time to read. */
bool watch_due(const struct watch *watch, uint64_t now);

/* Everything that changed so far is about to be read. How many changes were seen in all: more of them later, and what
 * was read is outdated. */
uint64_t watch_take(struct watch *watch, uint64_t now);
uint64_t watch_changes(const struct watch *watch);

/* Milliseconds until watch_due may say yes, at most `limit`. */
int watch_wait(const struct watch *watch, uint64_t now, int limit);
