// SPDX-License-Identifier: Apache-2.0
#include "process/fetch.h"

#include <stdlib.h>

#include "base/check.h"
#include "process/record_take.h"
#include "process/worker.h"

struct fetch {
  struct call *call;
  struct record_exchange *recorded; /* null: its call is not recorded */
  struct transfer *transfer;        /* owned */
  const struct transfer_response *response;
  struct buffer body;
  struct error error; /* code null: none */
  bool over;
  void (*wake)(void *waiter);
  void *waiter;
};

static void on_head(struct transfer *transfer, void *owner, const struct transfer_response *response) {
  (void)transfer;
  struct fetch *fetch = owner;
  fetch->response = response;
  record_head(fetch->call, fetch->recorded, response);
}

static void on_body(struct transfer *transfer, void *owner, struct slice bytes) {
  (void)transfer;
  struct fetch *fetch = owner;
  buffer_append_slice(&fetch->body, bytes);
  record_piece(fetch->call, fetch->recorded, bytes);
}

static void on_done(struct transfer *transfer, void *owner, const struct error *error) {
  struct fetch *fetch = owner;
  fetch->over = true;
  record_done(fetch->call, fetch->recorded, transfer, error);
  if (error) fetch->error = *error;
  fetch->wake(fetch->waiter);
}

/* Hosts that clients name are remembered, too: no client fills the memory with them. */
enum { ORIGINS_MOST = 4096 };

static struct origin *origin_of(struct worker *worker, const struct fetch_request *request, struct error *error) {
  struct origin_options options = {
      .url = request->url->origin, .protocol = ORIGIN_HTTP1, .public_only = request->public_only};
  if (request->public_only && url_private(request->url)) { /* a proxy would be asked before anybody looks */
    error_set(error, 502, "upstream_blocked", "%s has an address that is not allowed", request->url->host);
    return NULL;
  }
  if (request->public_only && upstream_origins(worker->upstream) >= ORIGINS_MOST) {
    error_set(error, 502, "upstream_blocked", "too many hosts have been asked for");
    return NULL;
  }
  return origin_get(worker->upstream, &options, error);
}

struct fetch *fetch_start(struct worker *worker, const struct fetch_request *request, void (*wake)(void *waiter),
                          void *waiter, struct error *error) {
  static const struct transfer_events events = {.head = on_head, .body = on_body, .done = on_done};
  struct transfer_request transfer = {
      .origin = origin_of(worker, request, error),
      .method = request->method,
      .target = request->url->target,
      .prepared = request->prepared,
      .body = &request->body,
      .body_count = request->has_body,
      .has_body = request->has_body,
      .timeouts = {.connect = worker->settings.upstream_connect_ms, .total = request->timeout_ms},
      .body_limit = request->body_limit,
  };
  if (!transfer.origin) return NULL;
  struct fetch *fetch = calloc(1, sizeof *fetch);
  REQUIRE(fetch != NULL);
  fetch->wake = wake;
  fetch->waiter = waiter;
  if (transfer_start(worker->upstream, &transfer, &events, fetch, &fetch->transfer, error) < 0) {
    free(fetch);
    return NULL;
  }
  fetch->call = request->call;
  if (fetch->call) fetch->recorded = record_sent(fetch->call, &transfer);
  return fetch;
}

const struct error *fetch_failure(const struct fetch *fetch) {
  return fetch->error.code ? &fetch->error : NULL;
}

const struct transfer_response *fetch_response(const struct fetch *fetch) {
  return fetch->response;
}

struct slice fetch_body(const struct fetch *fetch) {
  return buffer_slice(&fetch->body);
}

void fetch_free(struct fetch *fetch) {
  if (fetch->over) {
    transfer_free(fetch->transfer);
  } else {
    transfer_cancel(fetch->transfer);
  }
  buffer_free(&fetch->body);
  free(fetch);
}
