// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream/transfer_state.h"

/* Private to this room: see replay.h. */
struct transfer *replay_start(const struct transfer_setup *setup);
