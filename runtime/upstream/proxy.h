// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* Private to this room. */

/* True when the comma list `no_proxy` (hosts, .suffixes, or *) names `host`: the host itself or a domain above it. */
bool proxy_exempt(struct slice no_proxy, struct slice host);

/* `[http[s]://][user[:password]@]host[:port]` and nothing else. */
bool proxy_url_valid(struct slice url);
