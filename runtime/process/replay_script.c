// SPDX-License-Identifier: Apache-2.0
#include "process/replay_script.h"

#include <stdio.h>

#include "base/check.h"

int replay_script_open(struct replay_script *script, const struct script_roots *roots,
                       const struct replay_options *options, struct error *error) {
  char path[sizeof options->script + sizeof ".lua"];
  snprintf(path, sizeof path, "%s.lua", options->script);
  struct bundle_sources sources = {.roots = roots->list,
                                   .root_count = roots->count,
                                   .shadow_path = roots->shadow[0] ? roots->shadow : NULL,
                                   .catalog_overlay = roots->overlay[0] ? roots->overlay : NULL,
                                   .replaced = options->replacement ? path : NULL,
                                   .replacement = options->replacement};
  *script = (struct replay_script){0};
  if (bundle_read(&sources, &script->bytes, error) < 0) {
    replay_script_close(script);
    return -1;
  }
  REQUIRE(bundle_view(&script->bundle, buffer_slice(&script->bytes)));
  return 0;
}

void replay_script_close(struct replay_script *script) {
  buffer_free(&script->bytes);
}
