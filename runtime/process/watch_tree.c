// SPDX-License-Identifier: Apache-2.0
#include "process/watch_tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/check.h"
#include "process/watch.h"

enum { DEPTH_MAX = 7 };

static const uint32_t events = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                               IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/* ---- what is asked for ---- */

static bool are_same(char *const *have, size_t have_count, const char *const *wanted, size_t wanted_count) {
  if (have_count != wanted_count) return false;
  for (size_t i = 0; i < have_count; i++) {
    if (strcmp(have[i], wanted[i]) != 0) return false;
  }
  return true;
}

static char *copy_of(const char *text) {
  char *copy = strdup(text);
  REQUIRE(copy != NULL);
  return copy;
}

static char **list_copy(const char *const *list, size_t count) {
  char **copy = calloc(count + 1, sizeof *copy);
  REQUIRE(copy != NULL);
  for (size_t i = 0; i < count; i++) copy[i] = copy_of(list[i]);
  return copy;
}

static void list_free(char **list, size_t count) {
  for (size_t i = 0; i < count; i++) free(list[i]);
  free(list);
}

static void wanted_free(struct watch_tree *tree) {
  list_free(tree->roots, tree->root_count);
  list_free(tree->files, tree->file_count);
}

bool watch_tree_set(struct watch_tree *tree, const struct watch_paths *paths) {
  if (are_same(tree->roots, tree->root_count, paths->roots, paths->root_count) &&
      are_same(tree->files, tree->file_count, paths->files, paths->file_count)) {
    return false;
  }
  wanted_free(tree);
  tree->roots = list_copy(paths->roots, paths->root_count);
  tree->root_count = paths->root_count;
  tree->files = list_copy(paths->files, paths->file_count);
  tree->file_count = paths->file_count;
  return true;
}

void watch_tree_free(struct watch_tree *tree) {
  for (size_t i = 0; i < tree->count; i++) free(tree->folders[i].path);
  free(tree->folders);
  wanted_free(tree);
}

/* ---- folders ---- */

static struct watch_folder *folder_by_path(struct watch_tree *tree, const char *path, enum watch_role role) {
  for (size_t i = 0; i < tree->count; i++) {
    if (tree->folders[i].role == role && strcmp(tree->folders[i].path, path) == 0) return &tree->folders[i];
  }
  return NULL;
}

static struct watch_folder *folder_make(struct watch_tree *tree, const char *path, enum watch_role role) {
  if (tree->count == WATCH_FOLDERS_MAX) return NULL;
  if (tree->count == tree->capacity) {
    tree->capacity = tree->capacity ? 2 * tree->capacity : 32;
    tree->folders = reallocarray(tree->folders, tree->capacity, sizeof *tree->folders);
    REQUIRE(tree->folders != NULL);
  }
  struct watch_folder *folder = &tree->folders[tree->count++];
  *folder = (struct watch_folder){.wd = -1, .role = role, .path = copy_of(path)};
  return folder;
}

/* Another role of a folder watched already shares its number. */
static struct watch_folder *folder_add(struct watch_tree *tree, const char *path, enum watch_role role) {
  struct watch_folder *folder = folder_by_path(tree, path, role);
  if (!folder) folder = folder_make(tree, path, role);
  if (!folder) return NULL;
  folder->seen = true;
  folder->wd = inotify_add_watch(tree->fd, path, events);
  folder->missing = folder->wd < 0;
  return folder;
}

static bool is_folder_name(const char *name) {
  return name[0] != '.' && strcmp(name, "node_modules") != 0;
}

static void scan_below(struct watch_tree *tree, const char *path, unsigned depth) {
  DIR *stream = depth > 0 ? opendir(path) : NULL;
  if (!stream) return;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    char below[PATH_MAX];
    struct stat about;
    bool maybe = entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
    if (!maybe || !is_folder_name(entry->d_name)) continue;
    int len = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
    if ((size_t)len >= sizeof below || stat(below, &about) < 0 || !S_ISDIR(about.st_mode)) continue;
    if (folder_add(tree, below, WATCH_SCRIPTS)) scan_below(tree, below, depth - 1);
  }
  closedir(stream);
}

static bool scan_root(struct watch_tree *tree, const char *path) {
  struct watch_folder *folder = folder_add(tree, path, WATCH_SCRIPTS);
  if (!folder || folder->missing) return false;
  scan_below(tree, path, DEPTH_MAX);
  return true;
}

/* Specs of the first root lie beside it, and may come later. */
static void scan_beside(struct watch_tree *tree, const char *root) {
  char path[PATH_MAX];
  struct stat about;
  if ((size_t)snprintf(path, sizeof path, "%s/..", root) < sizeof path) folder_add(tree, path, WATCH_PARENT);
  if ((size_t)snprintf(path, sizeof path, "%s/../spec", root) >= sizeof path) return;
  if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) scan_root(tree, path);
}

static bool scan_file(struct watch_tree *tree, const char *file) {
  char path[PATH_MAX];
  const char *slash = strrchr(file, '/');
  int len = slash ? (int)(slash - file) : 1;
  snprintf(path, sizeof path, "%.*s", len > 0 ? len : 1, slash ? file : ".");
  struct watch_folder *folder = folder_add(tree, path, WATCH_CONFIG);
  return folder && !folder->missing;
}

/* Drops what the scan has not come upon. A number another role still uses stays. */
static void forget_unseen(struct watch_tree *tree) {
  size_t kept = 0;
  for (size_t i = 0; i < tree->count; i++) {
    if (tree->folders[i].seen) {
      tree->folders[kept++] = tree->folders[i];
      continue;
    }
    int wd = tree->folders[i].wd;
    bool shared = false;
    for (size_t k = 0; k < tree->count; k++) shared = shared || (tree->folders[k].seen && tree->folders[k].wd == wd);
    if (!shared && wd >= 0) inotify_rm_watch(tree->fd, wd);
    free(tree->folders[i].path);
  }
  tree->count = kept;
}

bool watch_tree_scan(struct watch_tree *tree) {
  bool complete = true;
  for (size_t i = 0; i < tree->count; i++) tree->folders[i].seen = false;
  for (size_t i = 0; i < tree->root_count; i++) complete = scan_root(tree, tree->roots[i]) && complete;
  if (tree->root_count > 0) scan_beside(tree, tree->roots[0]);
  for (size_t i = 0; i < tree->file_count; i++) complete = scan_file(tree, tree->files[i]) && complete;
  forget_unseen(tree);
  return complete;
}

/* ---- what an event is about ---- */

bool watch_tree_path(const struct watch_tree *tree, int wd, const char *name, char path[PATH_MAX]) {
  for (size_t i = 0; i < tree->count; i++) {
    if (tree->folders[i].wd == wd) return snprintf(path, PATH_MAX, "%s/%s", tree->folders[i].path, name) < PATH_MAX;
  }
  return false;
}

static bool is_script(const char *name) {
  size_t len = strlen(name);
  return len > 4 && name[0] != '.' && name[0] != '#' && strcmp(name + len - 4, ".lua") == 0;
}

/* A mounted volume replaces all its files at once by moving the link "..data". */
static bool is_file(const struct watch_tree *tree, const char *name) {
  if (strcmp(name, "..data") == 0) return true;
  for (size_t i = 0; i < tree->file_count; i++) {
    const char *slash = strrchr(tree->files[i], '/');
    if (strcmp(name, slash ? slash + 1 : tree->files[i]) == 0) return true;
  }
  return false;
}

bool watch_tree_relevant(const struct watch_tree *tree, int wd, const char *name) {
  for (size_t i = 0; i < tree->count; i++) {
    if (tree->folders[i].wd != wd) continue;
    enum watch_role role = tree->folders[i].role;
    if (role == WATCH_SCRIPTS && (is_script(name) || strcmp(name, "..data") == 0)) return true;
    if (role == WATCH_CONFIG && (is_file(tree, name) || is_script(name))) return true;
  }
  return false;
}

bool watch_tree_relevant_folder(const struct watch_tree *tree, int wd, const char *name) {
  for (size_t i = 0; i < tree->count; i++) {
    if (tree->folders[i].wd != wd) continue;
    enum watch_role role = tree->folders[i].role;
    if (role == WATCH_SCRIPTS && is_folder_name(name)) return true;
    if (role == WATCH_PARENT && strcmp(name, "spec") == 0) return true;
  }
  return false;
}

bool watch_tree_lost(struct watch_tree *tree, int wd, uint32_t mask) {
  bool matters = false;
  for (size_t i = 0; i < tree->count; i++) {
    if (tree->folders[i].wd != wd) continue;
    matters = matters || tree->folders[i].role == WATCH_SCRIPTS;
    if (mask & IN_IGNORED) tree->folders[i].wd = -1;
  }
  return matters;
}
