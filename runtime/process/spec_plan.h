// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* What `moongate spec [OPTION...] [PATH...]` means: which specs, and which folder of scripts they are about. A PATH is
 * a spec, a script (then its spec), or a folder; none means the specs of GATEWAY_SCRIPTS, else ./spec. */
struct spec_plan {
  const char *bundled;    /* borrowed: the folder of the bundled scripts */
  char overlay[PATH_MAX]; /* the operator's folder that the paths lie in; empty = the bundled scripts alone */
  const char **arguments; /* for busted: options as they came, paths of specs and folders; in the arena */
  int count;
  bool coverage; /* --coverage, which is ours */
  struct arena arena;
};

/* `configured` is GATEWAY_SCRIPTS or null. -1 with `error`: a usage error, told like a colleague would. Free the plan's
 * arena either way. */
int spec_plan_make(struct spec_plan *plan, int argc, char **argv, const char *bundled, const char *configured,
                   struct error *error);
