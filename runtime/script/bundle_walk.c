// SPDX-License-Identifier: Apache-2.0
#include "script/bundle_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "script/file.h"

/* How deep folders lie in each other at most: links may lead in circles. */
enum { DEPTH_MAX = 6 };

static const char suffix[] = ".lua";

struct walker {
  struct bundle_walk *walk;
  size_t root;
  enum bundle_class class;
  struct error *error;
};

/* ---- what is found ---- */

static char *text_of(struct bundle_walk *walk, const char *text) {
  char *copy = arena_alloc(&walk->arena, strlen(text) + 1);
  memcpy(copy, text, strlen(text) + 1);
  return copy;
}

static int add(const struct walker *walker, const char *path, const char *origin) {
  struct bundle_walk *walk = walker->walk;
  if (walk->count == BUNDLE_FILES_MAX) {
    return error_set(walker->error, 500, "script_error", "%s: more than %d script files", origin, BUNDLE_FILES_MAX);
  }
  if (walk->count == walk->capacity) {
    walk->capacity = walk->capacity ? 2 * walk->capacity : 256;
    walk->files = realloc(walk->files, walk->capacity * sizeof *walk->files);
    REQUIRE(walk->files != NULL);
  }
  walk->files[walk->count++] = (struct bundle_walk_file){.file = {.path = text_of(walk, path),
                                                                  .origin = text_of(walk, origin),
                                                                  .class = walker->class,
                                                                  .bundled = walker->root == 0},
                                                         .root = walker->root};
  return 0;
}

/* "x.lua" where x is a name. */
static bool is_script_name(const char *name) {
  char stem[NAME_MAX + 1];
  size_t len = strlen(name), end = sizeof suffix - 1;
  if (len <= end || len - end >= FILE_TITLE_SIZE || strcmp(name + len - end, suffix) != 0) return false;
  memcpy(stem, name, len - end);
  stem[len - end] = '\0';
  return file_name_valid(stem, false);
}

/* ---- folders ---- */

static int folder_read(const struct walker *walker, const char *folder, const char *path, unsigned depth);

static int entry_take(const struct walker *walker, const char *folder, const char *path, const char *name,
                      unsigned depth) {
  char origin[PATH_MAX], title[PATH_MAX];
  struct stat about;
  bool script = is_script_name(name);
  if (!script && (depth == 0 || !file_name_valid(name, false))) return 0;
  int origin_len = snprintf(origin, sizeof origin, "%s/%s", folder, name);
  int title_len = snprintf(title, sizeof title, "%s%s%s", path, *path ? "/" : "", name);
  if ((size_t)origin_len >= sizeof origin || (size_t)title_len >= FILE_TITLE_SIZE) return 0;
  if (stat(origin, &about) < 0) return 0; /* a link to nowhere, or gone already */
  if (script && S_ISREG(about.st_mode)) return add(walker, title, origin);
  return !script && S_ISDIR(about.st_mode) ? folder_read(walker, origin, title, depth - 1) : 0;
}

static int folder_read(const struct walker *walker, const char *folder, const char *path, unsigned depth) {
  DIR *stream = opendir(folder);
  if (!stream && errno == ENOENT) return 0;
  if (!stream) return error_set(walker->error, 500, "script_error", "%s: %s", folder, strerror(errno));
  int result = 0;
  for (struct dirent *entry; result == 0 && (entry = readdir(stream)) != NULL;) {
    result = entry_take(walker, folder, path, entry->d_name, depth);
  }
  closedir(stream);
  return result;
}

/* The subfolder of that name, whose files get the same path. */
static int subfolder_read(const struct walker *walker, const char *folder, const char *path) {
  char name[PATH_MAX];
  if ((size_t)snprintf(name, sizeof name, "%s/%s", folder, path) >= sizeof name) return 0;
  return folder_read(walker, name, path, DEPTH_MAX);
}

static int root_check(const char *root, struct error *error) {
  struct stat about;
  if (stat(root, &about) < 0) return error_set(error, 500, "script_error", "%s: %s", root, strerror(errno));
  return S_ISDIR(about.st_mode) ? 0 : error_set(error, 500, "script_error", "%s: it is no folder", root);
}

static int specs_read(struct walker *walker, const char *root) {
  char folder[PATH_MAX], name[PATH_MAX];
  static const char *const folders[] = {"providers", "dialects", "strategies", "plugins", "admin", "support"};
  int result = 0;
  walker->class = BUNDLE_SPEC;
  if ((size_t)snprintf(folder, sizeof folder, "%s%s", root, walker->root == 0 ? "/.." : "") >= sizeof folder) return 0;
  for (size_t i = 0; i < sizeof folders / sizeof *folders && result == 0; i++) {
    snprintf(name, sizeof name, "spec/%s", folders[i]);
    result = subfolder_read(walker, folder, name);
  }
  return result;
}

static int root_read(struct walker *walker, const char *root, bool specs) {
  static const char *const kinds[] = {"providers", "strategies", "plugins", "admin"};
  if (root_check(root, walker->error) < 0) return -1;
  walker->class = BUNDLE_HALLWAY;
  int result = folder_read(walker, root, "", 0);
  walker->class = BUNDLE_SCRIPT;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds && result == 0; i++) {
    result = subfolder_read(walker, root, kinds[i]);
  }
  return result == 0 && specs ? specs_read(walker, root) : result;
}

/* ---- one file a path ---- */

static int compare(const void *one, const void *other) {
  const struct bundle_walk_file *a = one, *b = other;
  int order = strcmp(a->file.path, b->file.path);
  return order != 0 ? order : a->root < b->root ? -1 : a->root > b->root;
}

/* Of a hallway module the first root's file stays, of everything else the last root's. */
static void choose(struct bundle_walk *walk) {
  size_t kept = 0;
  qsort(walk->files, walk->count, sizeof *walk->files, compare);
  for (size_t i = 0; i < walk->count; i++) {
    struct bundle_walk_file *last = kept > 0 ? &walk->files[kept - 1] : NULL;
    if (!last || strcmp(last->file.path, walk->files[i].file.path) != 0) {
      walk->files[kept++] = walk->files[i];
    } else if (walk->files[i].file.class != BUNDLE_HALLWAY) {
      *last = walk->files[i];
    }
  }
  walk->count = kept;
}

static void replace(struct bundle_walk *walk, const struct bundle_sources *sources) {
  for (size_t i = 0; i < walk->count; i++) {
    if (strcmp(walk->files[i].file.path, sources->replaced) != 0) continue;
    walk->files[i].file.origin = text_of(walk, sources->replacement);
    walk->files[i].file.bundled = false;
  }
}

static int catalog_add(struct walker *walker, const struct bundle_sources *sources) {
  char path[PATH_MAX] = "";
  bool there = sources->root_count > 0 && bundle_catalog_path(sources->roots[0], path, sizeof path);
  there = there && access(path, F_OK) == 0;
  if (!there && !sources->catalog_overlay) return 0;
  walker->class = BUNDLE_CATALOG;
  return add(walker, "catalog", there ? path : sources->catalog_overlay);
}

int bundle_walk_run(struct bundle_walk *walk, const struct bundle_sources *sources, struct error *error) {
  struct walker walker = {.walk = walk, .error = error};
  for (; walker.root < sources->root_count; walker.root++) {
    if (root_read(&walker, sources->roots[walker.root], sources->specs) < 0) return -1;
  }
  walker.class = BUNDLE_SCRIPT;
  if (sources->shadow_path && add(&walker, "shadow/candidate.lua", sources->shadow_path) < 0) return -1;
  walker.class = BUNDLE_CONFIG;
  if (sources->config_path && add(&walker, "config", sources->config_path) < 0) return -1;
  if (catalog_add(&walker, sources) < 0) return -1;
  if (walk->count > 0) choose(walk);
  if (sources->replaced) replace(walk, sources);
  return 0;
}

void bundle_walk_free(struct bundle_walk *walk) {
  free(walk->files);
  arena_free(&walk->arena);
  *walk = (struct bundle_walk){0};
}

/* ---- reading ---- */

static int read_all(int fd, const char *path, struct buffer *text, struct error *error) {
  size_t start = text->len;
  for (;;) {
    buffer_reserve(text, 16384);
    ssize_t got = read(fd, text->data + text->len, 16384);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error_set(error, 500, "script_error", "%s: %s", path, strerror(errno));
    if (got == 0) return 0;
    text->len += (size_t)got;
    if (text->len - start <= BUNDLE_FILE_LIMIT) continue;
    return error_set(error, 500, "script_error", "%s: larger than %d bytes", path, BUNDLE_FILE_LIMIT);
  }
}

int bundle_walk_read(const struct bundle_walk_file *found, struct buffer *text, struct error *error) {
  const char *path = found->file.origin;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return error_set(error, 500, "script_error", "%s: %s", path, strerror(errno));
  int result = read_all(fd, path, text, error);
  close(fd);
  return result;
}
