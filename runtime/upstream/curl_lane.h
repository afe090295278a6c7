// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream/transfer_state.h"

/* Private to this room. The lane of everything off the hot path: proxies and HTTP/2-only hosts, on libcurl. */
struct curl_lane;

/* Opens the lane for the first call. Cannot fail at once; what goes wrong is told by `done`. */
struct transfer *curl_start(const struct transfer_setup *setup);

/* No call may run. */
void curl_lane_close(struct curl_lane *lane);
void curl_lane_close_idle(struct curl_lane *lane);
