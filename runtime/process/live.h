// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config/settings.h"

/* Which settings a running program can change: most. The others (the address, who may come in, what an outbound pool
 * was opened with) take effect at the next start. */

/* `next` with the members that stay as they are in `running`. */
void live_settings(struct settings *next, const struct settings *running);

/* Calls `tell` with the key of each such member that differs. */
void live_differences(const struct settings *one, const struct settings *other,
                      void (*tell)(void *user, const char *key), void *user);
