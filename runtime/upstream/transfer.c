// SPDX-License-Identifier: Apache-2.0
#include "upstream/client.h"
#include "upstream/curl_lane.h"
#include "upstream/replay_lane.h"
#include "upstream/request.h"
#include "upstream/transfer_state.h"

static void on_phase_timer(struct timer *timer);
static void on_total_timer(struct timer *timer);

void transfer_init(struct transfer *transfer, const struct transfer_lane *lane, const struct transfer_setup *setup) {
  *transfer = (struct transfer){
      .lane = lane,
      .upstream = setup->upstream,
      .origin = setup->request->origin,
      .events = *setup->events,
      .owner = setup->owner,
      .timeouts = setup->request->timeouts,
  };
  timer_init(&transfer->phase_timer, on_phase_timer);
  timer_init(&transfer->total_timer, on_total_timer);
  list_push_back(&setup->upstream->transfers, &transfer->node);
  setup->upstream->stats.active++;
  unsigned total = transfer->timeouts.total;
  if (total) timer_start(setup->upstream->loop->wheel, &transfer->total_timer, total);
}

/* From here on nothing comes from the loop any more. */
static void transfer_end(struct transfer *transfer) {
  transfer->over = true;
  timer_stop(&transfer->phase_timer);
  timer_stop(&transfer->total_timer);
  list_remove(&transfer->node);
  transfer->upstream->stats.active--;
  transfer->lane->stop(transfer);
}

/* Leaves an event of the owner. False when the transfer is gone. */
static bool leave(struct transfer *transfer) {
  transfer->inside--;
  if (!transfer->unwanted) return !transfer->over;
  if (transfer->inside == 0) transfer->lane->free(transfer);
  return false;
}

bool transfer_tell_head(struct transfer *transfer, const struct transfer_response *response) {
  transfer->inside++;
  transfer->events.head(transfer, transfer->owner, response);
  return leave(transfer);
}

bool transfer_tell_body(struct transfer *transfer, struct slice bytes) {
  transfer->inside++;
  transfer->events.body(transfer, transfer->owner, bytes);
  return leave(transfer);
}

bool transfer_tell_writable(struct transfer *transfer) {
  transfer->inside++;
  transfer->events.writable(transfer, transfer->owner);
  return leave(transfer);
}

void transfer_finish(struct transfer *transfer, const struct error *error) {
  transfer_end(transfer);
  transfer->inside++;
  transfer->events.done(transfer, transfer->owner, error);
  leave(transfer);
}

static unsigned phase_limit(const struct transfer *transfer, enum transfer_phase phase) {
  switch (phase) {
    case TRANSFER_RESOLVING:
      return transfer->upstream->options.dns_timeout_ms;
    case TRANSFER_CONNECTING:
      return 2 * transfer->timeouts.connect;
    case TRANSFER_FIRST_BYTE:
      return transfer->timeouts.first_byte;
    case TRANSFER_SENDING:
    case TRANSFER_IDLE:
      return transfer->timeouts.idle;
    default:
      return 0;
  }
}

void transfer_wait(struct transfer *transfer, enum transfer_phase phase) {
  transfer->phase = phase;
  unsigned limit = phase_limit(transfer, phase);
  if (limit) {
    timer_start(transfer->upstream->loop->wheel, &transfer->phase_timer, limit);
  } else {
    timer_stop(&transfer->phase_timer);
  }
}

static void phase_error(const struct transfer *transfer, struct error *error) {
  const char *name = transfer->origin->name;
  unsigned limit = phase_limit(transfer, transfer->phase);
  switch (transfer->phase) {
    case TRANSFER_RESOLVING:
      error_set(error, 504, "upstream_dns_timeout", "the host name of %s was not resolved within %u ms", name, limit);
      break;
    case TRANSFER_CONNECTING:
      error_set(error, 504, "upstream_connect_timeout", "%s was not connected within %u ms", name, limit);
      break;
    case TRANSFER_SENDING:
      error_set(error, 504, "upstream_timeout", "%s took nothing more of the request for %u ms", name, limit);
      break;
    case TRANSFER_FIRST_BYTE:
      error_set(error, 504, "upstream_timeout", "%s sent no first byte of its response within %u ms", name, limit);
      break;
    default:
      error_set(error, 504, "upstream_timeout", "%s sent nothing more of its response for %u ms", name, limit);
      break;
  }
}

static void on_phase_timer(struct timer *timer) {
  struct transfer *transfer = LIST_OWNER(timer, struct transfer, phase_timer);
  if (transfer->phase == TRANSFER_SENDING && !transfer->lane->stalled(transfer)) {
    transfer_wait(transfer, TRANSFER_SENDING);
    return;
  }
  struct error error;
  phase_error(transfer, &error);
  transfer_finish(transfer, &error);
}

static void on_total_timer(struct timer *timer) {
  struct transfer *transfer = LIST_OWNER(timer, struct transfer, total_timer);
  struct error error;
  error_set(&error, 504, "upstream_timeout", "the call to %s took more than the total of %u ms", transfer->origin->name,
            transfer->timeouts.total);
  transfer_finish(transfer, &error);
}

int transfer_start(struct upstream *upstream, const struct transfer_request *request,
                   const struct transfer_events *events, void *owner, struct transfer **out, struct error *error) {
  if (request_check(request, error) < 0) return -1;
  struct transfer_setup setup = {upstream, request, events, owner};
  bool taken = (!request->body_streams || origin_streams(request->origin)) &&
               (request->upgrade.len == 0 || origin_upgrades(request->origin));
  if (!taken) return error_set(error, 500, "upstream_bad_request", "%s takes no such request", request->origin->name);
  if (upstream->options.replay) {
    *out = replay_start(&setup);
  } else {
    *out = request->origin->lane == ORIGIN_CLIENT ? client_start(&setup) : curl_start(&setup);
  }
  return 0;
}

void transfer_pause(struct transfer *transfer) {
  if (transfer->paused || transfer->over) return;
  transfer->paused = true;
  transfer->lane->pause(transfer);
}

void transfer_resume(struct transfer *transfer) {
  if (!transfer->paused || transfer->over) return;
  transfer->paused = false;
  transfer->lane->resume(transfer);
}

bool transfer_send(struct transfer *transfer, struct slice bytes, bool last) {
  return transfer->over || transfer->lane->send(transfer, bytes, last);
}

void transfer_cancel(struct transfer *transfer) {
  if (!transfer->over) transfer_end(transfer);
  transfer_free(transfer);
}

void transfer_free(struct transfer *transfer) {
  transfer->unwanted = true;
  if (transfer->inside == 0) transfer->lane->free(transfer);
}

bool transfer_untouched(const struct transfer *transfer) {
  return !transfer->touched;
}

bool transfer_unsent(const struct transfer *transfer) {
  return transfer->unsent;
}
