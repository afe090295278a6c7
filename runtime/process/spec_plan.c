// SPDX-License-Identifier: Apache-2.0
#include "process/spec_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char spec_ending[] = "_spec.lua", ending[] = ".lua";

static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool ends_with(const char *text, const char *tail) {
  size_t len = strlen(text), tail_len = strlen(tail);
  return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

static const char *kept(struct spec_plan *plan, const char *text) {
  struct slice copy = arena_copy(&plan->arena, slice_make(text, strlen(text) + 1));
  return copy.ptr;
}

static void argument_add(struct spec_plan *plan, const char *text) {
  plan->arguments[plan->count++] = text;
}

/* ---- whose scripts a path belongs to ---- */

/* A folder below <root>/spec, or <root>/spec itself: cuts `path` down to <root>. */
static bool cut_at_spec(char *path) {
  char *found = NULL;
  size_t len = strlen(path);
  for (char *at = path; (at = strstr(at, "/spec")); at++) {
    if (at[5] == '/' || at + 5 == path + len) found = at;
  }
  if (found) *found = '\0';
  return found != NULL;
}

static bool has_scripts(const char *root) {
  static const char *const kinds[] = {"providers", "strategies", "plugins", "admin"};
  char path[PATH_MAX + 16];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    snprintf(path, sizeof path, "%s/%s", root, kinds[i]);
    if (is_folder(path)) return true;
  }
  return false;
}

/* The checkout holds the bundled scripts: nothing is laid over them, unless somebody writes his own there. */
static bool holds_bundled(const struct spec_plan *plan, const char *root) {
  size_t len = strlen(root);
  if (strcmp(root, plan->bundled) == 0) return true;
  if (has_scripts(root)) return false;
  return strncmp(root, plan->bundled, len) == 0 && plan->bundled[len] == '/' && !strchr(plan->bundled + len + 1, '/');
}

static int overlay_take(struct spec_plan *plan, const char *root, bool *taken, struct error *error) {
  const char *wanted = holds_bundled(plan, root) ? "" : root;
  if (*taken && strcmp(plan->overlay, wanted) != 0) {
    return error_set(error, 0, "usage", "these paths belong to different folders of scripts: run them one by one");
  }
  *taken = true;
  snprintf(plan->overlay, sizeof plan->overlay, "%s", wanted);
  return 0;
}

/* ---- one path ---- */

/* "…/plugins/x.lua" -> its root (in place of `path`), its kind and its name. False when it lies in no kind's folder. */
static bool script_split(char *path, char *kind, size_t kind_size, char *name, size_t name_size) {
  static const char *const kinds[] = {"providers/dialects", "providers", "strategies", "plugins", "admin"};
  char *slash = strrchr(path, '/');
  if (!slash || !ends_with(path, ending)) return false;
  snprintf(name, name_size, "%.*s", (int)(strlen(slash + 1) - strlen(ending)), slash + 1);
  *slash = '\0';
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    size_t len = strlen(path), kind_len = strlen(kinds[i]);
    if (len <= kind_len || !ends_with(path, kinds[i]) || path[len - kind_len - 1] != '/') continue;
    snprintf(kind, kind_size, "%s", kinds[i]);
    path[len - kind_len - 1] = '\0';
    return true;
  }
  return false;
}

static int script_add(struct spec_plan *plan, const char *written, char *path, bool *taken, struct error *error) {
  char kind[32], name[256], spec[PATH_MAX + 384];
  if (!script_split(path, kind, sizeof kind, name, sizeof name)) {
    return error_set(error, 0, "usage",
                     "%.120s is neither a spec (*_spec.lua) nor a script in a folder plugins, strategies, providers or "
                     "admin",
                     written);
  }
  const char *beside = strcmp(path, plan->bundled) == 0 ? "/.." : "";
  snprintf(spec, sizeof spec, "%s%s/spec/%s/%s%s", path, beside, kind, name, spec_ending);
  if (access(spec, R_OK) != 0) {
    return error_set(error, 0, "usage", "%.120s has no spec: write one at spec/%s/%.60s_spec.lua", written, kind, name);
  }
  argument_add(plan, kept(plan, spec));
  return overlay_take(plan, path, taken, error);
}

static int folder_add(struct spec_plan *plan, const char *written, char *path, bool *taken, struct error *error) {
  char specs[PATH_MAX + 8];
  snprintf(specs, sizeof specs, "%s/spec", path);
  bool inside = cut_at_spec(path), above = !inside && is_folder(specs);
  argument_add(plan, above ? kept(plan, specs) : written);
  return inside || above ? overlay_take(plan, path, taken, error) : 0;
}

static int path_add(struct spec_plan *plan, const char *written, bool *taken, struct error *error) {
  char path[PATH_MAX];
  if (!realpath(written, path)) {
    return error_set(error, 0, "usage", "there is no %.120s: a PATH is a spec, a script, or a folder of specs",
                     written);
  }
  if (is_folder(path)) return folder_add(plan, written, path, taken, error);
  if (!ends_with(path, spec_ending)) return script_add(plan, written, path, taken, error);
  argument_add(plan, written);
  return cut_at_spec(path) ? overlay_take(plan, path, taken, error) : 0;
}

/* ---- all of them ---- */

/* A short option of busted's may have its value behind it: `-o TAP`. */
static bool is_value(const char *word, const char *before) {
  return before && before[0] == '-' && !strchr(before, '=') && access(word, F_OK) != 0;
}

static int words_take(struct spec_plan *plan, int argc, char **argv, int *paths, struct error *error) {
  bool taken = false;
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "--coverage") == 0) {
      plan->coverage = true;
    } else if (argv[i][0] == '-' || is_value(argv[i], i > 0 ? argv[i - 1] : NULL)) {
      argument_add(plan, argv[i]);
    } else {
      ++*paths;
      if (path_add(plan, argv[i], &taken, error) < 0) return -1;
    }
  }
  return 0;
}

static int default_add(struct spec_plan *plan, const char *configured, struct error *error) {
  char specs[PATH_MAX];
  bool taken = false;
  int len = snprintf(specs, sizeof specs, "%s/spec", configured ? configured : ".");
  if (len < 0 || (size_t)len >= sizeof specs || !is_folder(specs)) {
    return error_set(error, 0, "usage", "there is no folder %.160s: name a spec, a script, or a folder of specs",
                     configured ? specs : "spec here");
  }
  return path_add(plan, kept(plan, specs), &taken, error);
}

int spec_plan_make(struct spec_plan *plan, int argc, char **argv, const char *bundled, const char *configured,
                   struct error *error) {
  int paths = 0;
  *plan = (struct spec_plan){.bundled = bundled};
  plan->arguments = arena_alloc(&plan->arena, sizeof *plan->arguments * ((size_t)argc + 2));
  if (configured && !*configured) configured = NULL;
  if (words_take(plan, argc, argv, &paths, error) < 0) return -1;
  return paths > 0 ? 0 : default_add(plan, configured, error);
}
