// SPDX-License-Identifier: Apache-2.0
#include "process/roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

static bool is_text(const struct tree *node) {
  return node && node->kind == TREE_SCALAR && !node->null && node->text.len > 0;
}

static void add_configured(struct script_roots *roots, const char *config_path, const struct tree *path) {
  if (is_text(path)) add(roots, path->text.ptr[0] == '/' ? (struct slice){0} : folder_of(config_path), path->text);
}

/* False when it is too long or not there. */
static bool shadow_at(struct script_roots *roots, struct slice folder, const char *joint, struct slice file) {
  int len = snprintf(roots->shadow, sizeof roots->shadow, "%.*s%s%.*s", (int)folder.len, folder.ptr ? folder.ptr : "",
                     joint, (int)file.len, file.ptr);
  if (len >= (int)sizeof roots->shadow) roots->shadow[0] = '\0';
  return roots->shadow[0] && access(roots->shadow, R_OK) == 0;
}

/* "<name>@<file>". One that is nowhere stays as it was written: whoever reads it says so. */
static void find_shadow(struct script_roots *roots, const char *config_path, const struct tree *shadow) {
  const char *at = is_text(shadow) ? memchr(shadow->text.ptr, '@', shadow->text.len) : NULL;
  struct slice file = at ? slice_from(shadow->text, (size_t)(at - shadow->text.ptr) + 1) : (struct slice){0};
  if (file.len == 0) return;
  bool absolute = file.ptr[0] == '/';
  if (shadow_at(roots, absolute ? (struct slice){0} : folder_of(config_path), "", file) || absolute) return;
  const char *root = roots->list[roots->count - 1];
  if (roots->count < 2 || !shadow_at(roots, slice_text(root), "/", file)) {
    shadow_at(roots, folder_of(config_path), "", file);
  }
}

static const struct tree *parse(const char *config_path, struct slice text, struct arena *arena) {
  struct tree_faults faults = {0};
  size_t len = strlen(config_path);
  bool json = len > 5 && strcmp(config_path + len - 5, ".json") == 0;
  return json ? tree_parse_json(text, arena, &faults) : tree_parse_yaml(text, arena, &faults);
}

static void find_overlay(struct script_roots *roots, const char *config_path, const struct tree *overlay) {
  if (!is_text(overlay)) return;
  struct slice folder = overlay->text.ptr[0] == '/' ? (struct slice){0} : folder_of(config_path);
  int len = snprintf(roots->overlay, sizeof roots->overlay, "%.*s%.*s", (int)folder.len, folder.ptr ? folder.ptr : "",
                     (int)overlay->text.len, overlay->text.ptr);
  if (len >= (int)sizeof roots->overlay) roots->overlay[0] = '\0';
}

void roots_find(struct script_roots *roots, const char *bundled, const char *config_path, struct slice config_text) {
  const char *named = getenv("GATEWAY_SCRIPTS");
  bool written = config_path && config_text.len > 0;
  struct arena arena = {0};
  const struct tree *config = written ? parse(config_path, config_text, &arena) : NULL;
  const struct tree *scripts = child_of(config, "scripts");
  *roots = (struct script_roots){0};
  add(roots, (struct slice){0}, slice_text(bundled));
  if (named && *named) {
    add(roots, (struct slice){0}, slice_text(named));
  } else if (written) {
    add_configured(roots, config_path, child_of(scripts, "path"));
  }
  if (written && roots->count > 0) find_shadow(roots, config_path, child_of(scripts, "shadow"));
  if (written) find_overlay(roots, config_path, child_of(child_of(config, "catalog"), "overlay"));
  arena_free(&arena);
}
