// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "config/settings.h"
#include "script/bundle.h"

/* What the gate's child asks the script side (bindings/gate.c, handed in by main): may this candidate serve?
 *
 *   int judge(const struct judge_task *task, struct buffer *report)   0 = yes, -1 = no
 *
 * It runs in a short-lived process of its own that has limits of CPU, memory and time; whatever it leaves open goes
 * with the process. It writes nothing to standard output. `report` gets one JSON object:
 *   {"reasons":[{"file":"...","line":3,"message":"..."}],"warnings":["..."],
 *    "scripts":[{"kind":"plugins","name":"x","source":"operator|bundled","hash":"...",
 *                "spec":{"passed":4,"failed":0,"duration_ms":12}|null}]}
 * at most JUDGE_REPORT_MAX bytes of it are kept, so reasons come first. */

enum { JUDGE_REPORT_MAX = 512 * 1024 };

struct judge_task {
  const struct bundle *candidate; /* scripts, specs and the configuration's text */
  const struct bundle *active;    /* what serves now; null: this is the program's first generation */
  struct slice active_report;     /* the report written for it; empty without one */
  bool all_specs;                 /* run every spec, not only those of changed scripts */
  const char *const *roots;       /* script folders the candidate was read from, for messages */
  size_t root_count;
  const char *config_path;                    /* null: no configuration file */
  bool leave;                                 /* the process ends then: its VMs need not be closed */
  struct settings *settings;                  /* to fill when the answer is yes */
  void (*step)(void *user, const char *file); /* the judge begins with this file; may be null */
  void *user;
  struct buffer *lines; /* to fill for a terminal: errors, one a line; or what `check` says of a good one */
};
