// SPDX-License-Identifier: Apache-2.0
#include "process/crowd.h"

#include <math.h>

#include "process/call.h"
#include "process/overload.h"
#include "process/worker.h"
#include "shared/addresses.h"

/* A replay lives through requests that were let in: this one is not recorded. */
static int refuse(struct call *call, struct call_problem *problem, double seconds) {
  struct error fields;
  error_set(&fields, 0, NULL, "Retry-After: %.0f\r\n", fmax(ceil(seconds), 1));
  problem->fields = slice_text(fields.message);
  call->record = NULL;
  call_refuse(call, problem);
  return -1;
}

static void count(struct worker *worker, enum metrics_family family, const char *label) {
  struct slice value = slice_text(label);
  metric_add(metrics_series(worker->metrics, family, &value, 1), 1);
}

static int address_judge(struct call *call) {
  struct worker *worker = call->worker;
  const struct settings *settings = &worker->settings;
  double seconds = 0, rate = settings->address_rate_milli / 1000.0;
  if (rate <= 0) return 0;
  const unsigned char *address = exchange_address(call->exchange);
  if (addresses_take(worker->segment->addresses, address, rate, settings->address_burst, table_now(), &seconds)) {
    return 0;
  }
  count(worker, METRIC_RATE_LIMITED, "ip");
  struct call_problem problem = {.status = 429,
                                 .message = SLICE_LITERAL("rate limit exceeded"),
                                 .type = SLICE_LITERAL("rate_limit_error"),
                                 .code = SLICE_LITERAL("rate_limit_exceeded")};
  return refuse(call, &problem, seconds);
}

static int load_judge(struct call *call) {
  const char *reason = overload_judge(call);
  if (!reason) return 0;
  count(call->worker, METRIC_OVERLOADED, reason);
  struct call_problem problem = {.status = 503,
                                 .message = SLICE_LITERAL("The gateway is overloaded. Send the request again shortly."),
                                 .type = SLICE_LITERAL("server_error"),
                                 .code = SLICE_LITERAL("overloaded")};
  return refuse(call, &problem, call->worker->settings.overload_retry_ms / 1000.0);
}

int crowd_judge(struct call *call) {
  if (call->route->class == ROUTE_PROBE || call->worker->replayed) return 0;
  if (address_judge(call) < 0) return -1;
  return call->route->class == ROUTE_MODEL ? load_judge(call) : 0;
}
