// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which folders are watched. For watch.c only. */

enum watch_role {
  WATCH_SCRIPTS, /* a root and what lies below it, or specs: *.lua and folders matter */
  WATCH_PARENT,  /* beside the first root: only that "spec" comes and goes */
  WATCH_CONFIG   /* where a single file lies: its name matters, what it may be a link into, and a shadow's file */
};

struct watch_paths;

struct watch_folder {
  int wd; /* -1: not watched (yet) */
  enum watch_role role;
  bool missing; /* it should be there */
  bool seen;    /* by the scan under way */
  char *path;   /* owned */
};

struct watch_tree {
  int fd;
  char **roots, **files; /* owned */
  size_t root_count, file_count;
  struct watch_folder *folders; /* owned */
  size_t count, capacity;
};

/* True when they are others than before. */
bool watch_tree_set(struct watch_tree *tree, const struct watch_paths *paths);
void watch_tree_free(struct watch_tree *tree);

/* Watches every folder there is now. False when one that was asked for is not there. */
bool watch_tree_scan(struct watch_tree *tree);

bool watch_tree_path(const struct watch_tree *tree, int wd, const char *name, char path[PATH_MAX]);
bool watch_tree_relevant(const struct watch_tree *tree, int wd, const char *name);
bool watch_tree_relevant_folder(const struct watch_tree *tree, int wd, const char *name);

/* The kernel has dropped a watch, or its folder goes. True when that folder matters. */
bool watch_tree_lost(struct watch_tree *tree, int wd, uint32_t mask);
