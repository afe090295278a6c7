// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream/transfer_state.h"

/* Private to this room. The HTTP/1.1 lane: the hot path. Cannot fail at once; what goes wrong is told by `done`. */
struct transfer *client_start(const struct transfer_setup *setup);
