// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Called once, first thing in a serving process; what it sets is inherited by every process after it. No core dumps and
 * no memory for a debugger of the same user (both hold keys), no new privileges by any program, as many open files as
 * the hard limit lets us, the three standard ones among them. A limit that cannot be changed is left as it is. */
void harden_start(void);

/* How many client connections the limit of open files has room for: each may need another one to a provider. */
unsigned harden_connections(void);
