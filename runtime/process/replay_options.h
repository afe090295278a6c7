// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"
#include "process/roots.h"

/* What `moongate replay` was asked to do. Borrows argv's texts. */
struct replay_options {
  const char *from;
  const char *trace;       /* null: every request */
  char script[128];        /* "plugins/pii"; empty: none named */
  const char *replacement; /* the file that stands for it; null: the script as it is */
};

/* `roots`: where scripts are; a bare NAME is looked for in every kind. */
int replay_options_read(struct replay_options *options, int argc, char **argv, const struct script_roots *roots,
                        struct error *error);
