// SPDX-License-Identifier: Apache-2.0
#pragma once

/* `moongate catalog check [FILE]` and `moongate catalog show PROVIDER/MODEL`: the catalog that comes with the program
 * (beside the folder `scripts`) and over it FILE, else what catalog.overlay of GATEWAY_CONFIG names. Returns the
 * program's exit code: 0, 1 for a catalog with faults or a model that is not there, 2 for wrong arguments. */
int catalog_command_run(const char *scripts, int argc, char **argv);
