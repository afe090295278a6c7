// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "http/exchange.h"

struct worker;
struct call;

/* The one access line and the metrics of an exchange that is over. `call` is null when its head never parsed. */
void access_record(struct worker *worker, struct exchange *exchange, const struct call *call);

/* Frees the worker's cache of series handles. */
void access_close(struct worker *worker);
