// SPDX-License-Identifier: Apache-2.0
#include "process/replay_script.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int link_make(struct replay_script *script, const struct replay_options *options) {
  char *path = script->link, target[PATH_MAX];
  if (!realpath(options->replacement, target)) return -1;
  snprintf(path, sizeof script->link, "%s/%s.lua", script->overlay, options->script);
  for (char *slash = path + strlen(script->overlay) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = '\0';
    if (mkdir(path, 0700) < 0) return -1;
    *slash = '/';
  }
  return symlink(target, path);
}

int replay_script_open(struct replay_script *script, const char *scripts, const struct replay_options *options,
                       struct error *error) {
  *script = (struct replay_script){.roots = {scripts}, .root_count = 1, .overlay = ""};
  if (!options->replacement) return 0;
  memcpy(script->overlay, "/tmp/moongate-replay-XXXXXX", sizeof "/tmp/moongate-replay-XXXXXX");
  bool made = mkdtemp(script->overlay) && link_make(script, options) == 0;
  if (!made) return error_set(error, 0, "file", "%.150s cannot be used: %s", options->replacement, strerror(errno));
  script->roots[script->root_count++] = script->overlay;
  return 0;
}

void replay_script_close(struct replay_script *script) {
  if (!script->overlay[0]) return;
  unlink(script->link);
  for (char *slash; strcmp(script->link, script->overlay) != 0 && (slash = strrchr(script->link, '/'));) {
    *slash = '\0';
    rmdir(script->link);
  }
}
