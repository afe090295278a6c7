// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

struct connection;

/* One step of a connection's life; the states are in connection.h. Takes what it uses from `*input`, all the unread
 * bytes. True when another step may be possible at once. */
bool http_step(struct connection *connection, struct slice *input);

/* request.c: the two of them that read a request. */
bool http_step_head(struct connection *connection, struct slice *input);
bool http_step_body(struct connection *connection, struct slice *input);
