// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"
#include "http/refusal.h"

struct connection;

/* A body that the handler takes as it comes, and what follows an upgrade. Private to this room. */

/* The head has been accepted and the handler will take the body: CONNECTION_UPLOAD begins, paused. */
void http_upload_begin(struct connection *connection);

/* One step in CONNECTION_UPLOAD; see http_step. */
bool http_step_upload(struct connection *connection, struct slice *input);

/* The body is not what it should be: answered where there is no answer yet, else the client is away. */
void http_upload_refuse(struct connection *connection, enum http_refusal refusal);

/* "100 Continue", to a client that waits for it. */
void http_continue_send(struct connection *connection);
