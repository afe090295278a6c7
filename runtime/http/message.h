// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"
#include "http/refusal.h"

struct exchange;

/* The body of a request, collected whole or piece by piece. */

/* The head has been accepted and the body is wanted. */
void http_message_begin(struct exchange *exchange);

/* Takes from `*input` what belongs to the body. `*complete`: request.body holds all of it and `*input` starts at the
 * next request. */
enum http_refusal http_message_read(struct exchange *exchange, struct slice *input, bool *complete);

/* The same for a body that streams: what `*input` holds of it, valid until the next call or until `*input` goes. */
enum http_refusal http_message_piece(struct exchange *exchange, struct slice *input, struct slice *piece,
                                     bool *complete);
