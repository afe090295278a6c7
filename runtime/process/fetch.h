// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "upstream/transfer.h"
#include "upstream/url.h"

/* One HTTP call of a script to somebody who is no provider: sent once, the answer collected whole. Redirects are
 * answers like others. */
struct call;
struct fetch;
struct worker;

struct fetch_request {
  struct call *call; /* whose script asks; null: work that was put off. Outlives the fetch */
  const struct url *url;
  struct slice method;
  struct slice prepared; /* header lines */
  struct slice body;
  bool has_body;
  unsigned timeout_ms; /* the whole call */
  uint64_t body_limit; /* of the answer */
  bool public_only;    /* its address must be one of the public Internet */
};

/* `wake` is called once, from the loop, when it is over. Null with `error` when nothing was sent; everything in
 * `request` is borrowed until this returns. The caller owns the fetch. */
struct fetch *fetch_start(struct worker *worker, const struct fetch_request *request, void (*wake)(void *waiter),
                          void *waiter, struct error *error);

/* After the wake: null and the answer, valid until fetch_free; or what went wrong. */
const struct error *fetch_failure(const struct fetch *fetch);
const struct transfer_response *fetch_response(const struct fetch *fetch);
struct slice fetch_body(const struct fetch *fetch);

/* In any state: what still runs is cancelled and wakes nobody. */
void fetch_free(struct fetch *fetch);
