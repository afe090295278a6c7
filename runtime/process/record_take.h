// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* How a record is taken from a call while it runs. Only looked on: nothing that is sent passes through here. Every
 * function but the first does nothing for a call that is not recorded, whose `record` is null. */
struct call;
struct origin;
struct record_exchange;
struct transfer;
struct transfer_request;
struct transfer_response;
struct error;

/* Decides whether this call is recorded, and begins. */
void record_begin(struct call *call);

/* The request is there as a whole. */
void record_request(struct call *call);

/* An upstream call has begun. Null when the call is not recorded; the others take null. */
struct record_exchange *record_sent(struct call *call, const struct transfer_request *request);
void record_head(struct call *call, struct record_exchange *exchange, const struct transfer_response *response);
void record_piece(struct call *call, struct record_exchange *exchange, struct slice bytes);
void record_done(struct call *call, struct record_exchange *exchange, const struct transfer *transfer,
                 const struct error *error);

/* The answer: its status and prepared header lines, then its body in pieces. */
void record_answer(struct call *call, int status, struct slice lines);
void record_answer_piece(struct call *call, struct slice bytes);

/* The call is over: its record goes to the recorder. */
void record_end(struct call *call);
