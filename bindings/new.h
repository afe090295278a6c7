// SPDX-License-Identifier: Apache-2.0
#pragma once

/* `moongate new KIND NAME`: writes a script and its spec to start from, into GATEWAY_SCRIPTS or the current folder.
 * Returns the exit code: 2 for a usage error, 1 when something is there already or cannot be written. */
int new_run(int argc, char **argv, const char *bundled);
