// SPDX-License-Identifier: Apache-2.0
#include "process/roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "config/tree.h"

const char *roots_config_path(void) {
  const char *path = getenv("GATEWAY_CONFIG");
  return path && *path ? path : NULL;
}

static void add(struct script_roots *roots, struct slice folder, struct slice name) {
  char *path = roots->paths[roots->count];
  int len = snprintf(path, GENERATION_ROOT_SIZE, "%.*s%.*s", (int)folder.len, folder.ptr ? folder.ptr : "",
                     (int)name.len, name.ptr);
  struct stat about;
  if (len <= 0 || len >= GENERATION_ROOT_SIZE || stat(path, &about) < 0 || !S_ISDIR(about.st_mode)) return;
  roots->list[roots->count] = path;
  roots->count++;
}

static const struct tree *child_of(const struct tree *map, const char *key) {
  const struct tree *child = map && map->kind == TREE_MAP ? map->first : NULL;
  while (child && !slice_equal(child->key, slice_text(key))) child = child->next;
  return child;
}

/* The part of a path up to its last slash. */
static struct slice folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slice_make(path, (size_t)(slash - path) + 1) : (struct slice){0};
}

static void add_configured(struct script_roots *roots, const char *config_path, struct slice text) {
  struct arena arena = {0};
  struct tree_faults faults = {0};
  size_t len = strlen(config_path);
  bool json = len > 5 && strcmp(config_path + len - 5, ".json") == 0;
  const struct tree *root = json ? tree_parse_json(text, &arena, &faults) : tree_parse_yaml(text, &arena, &faults);
  const struct tree *path = child_of(child_of(root, "scripts"), "path");
  if (path && path->kind == TREE_SCALAR && !path->null && path->text.len > 0) {
    add(roots, path->text.ptr[0] == '/' ? (struct slice){0} : folder_of(config_path), path->text);
  }
  arena_free(&arena);
}

void roots_find(struct script_roots *roots, const char *bundled, const char *config_path, struct slice config_text) {
  const char *named = getenv("GATEWAY_SCRIPTS");
  *roots = (struct script_roots){0};
  add(roots, (struct slice){0}, slice_text(bundled));
  if (named && *named) {
    add(roots, (struct slice){0}, slice_text(named));
  } else if (config_path && config_text.len > 0) {
    add_configured(roots, config_path, config_text);
  }
}
