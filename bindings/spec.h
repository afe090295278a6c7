// SPDX-License-Identifier: Apache-2.0
#pragma once

/* `moongate spec [PATH...]`: runs busted in a VM with the real doors and, for the specs alone, the full standard
 * library. `argv` are options of busted and paths, see process/spec_plan.h; `bundled` is the folder of the bundled
 * scripts. Returns the exit code: 0 only when everything passed, 2 for a usage error. */
int spec_run(int argc, char **argv, const char *bundled);
