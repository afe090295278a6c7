// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

#include "base/slice.h"
#include "shared/generations.h"

/* The script folders: the bundled one, then the operator's, named by GATEWAY_SCRIPTS or by `scripts.path` of the
 * configuration (from where that file lies). Whether the operator's is there is lua/roots.lua's to say: one that is
 * not is left out here. The file of `scripts.shadow` is looked for beside the configuration, then in the operator's
 * folder; that of `catalog.overlay` is meant from where the configuration lies. */
struct script_roots {
  char paths[GENERATION_ROOTS][GENERATION_ROOT_SIZE];
  const char *list[GENERATION_ROOTS];
  size_t count;
  char shadow[GENERATION_ROOT_SIZE];  /* the file of scripts.shadow; empty without one */
  char overlay[GENERATION_ROOT_SIZE]; /* the file of catalog.overlay, there or not; empty without one */
};

void roots_find(struct script_roots *roots, const char *bundled, const char *config_path, struct slice config_text);

/* GATEWAY_CONFIG, or null. */
const char *roots_config_path(void);
