// SPDX-License-Identifier: Apache-2.0
#include "process/gone.h"

#include "process/call.h"
#include "process/reply.h"
#include "process/worker.h"

bool call_drained(const struct call *call) {
  return call->left == GONE_DRAIN;
}

const char *call_gone_name(const struct call *call) {
  static const char *const names[] = {
      [GONE_NOT] = "answered", [GONE_CANCEL] = "cancel", [GONE_DRAIN] = "drain", [GONE_FINISH] = "finish"};
  return names[call->left];
}

/* ---- the policy ---- */

static enum gone policy_named(struct slice name) {
  if (slice_equal(name, SLICE_LITERAL("drain"))) return GONE_DRAIN;
  return slice_equal(name, SLICE_LITERAL("finish")) ? GONE_FINISH : GONE_CANCEL;
}

/* `routes` is "endpoint=policy" by blanks. */
static enum gone policy_of(const struct settings *settings, struct slice endpoint) {
  struct slice routes = slice_text(settings->client_gone_routes);
  while (routes.len > 0) {
    const char *blank = memchr(routes.ptr, ' ', routes.len);
    struct slice rule = {routes.ptr, blank ? (size_t)(blank - routes.ptr) : routes.len};
    bool meant = slice_starts(rule, endpoint) && rule.len > endpoint.len && rule.ptr[endpoint.len] == '=';
    if (meant) return policy_named(slice_from(rule, endpoint.len + 1));
    routes = slice_from(routes, blank ? rule.len + 1 : rule.len);
  }
  return policy_named(slice_text(settings->client_gone_policy));
}

/* Only what the pipeline serves goes on without its client: uploads and what passes through lean on it. */
static bool may_go_on(const struct call *call) {
  const struct worker *worker = call->worker;
  if (overload_full(worker) || worker->overload.lagging) return false;
  bool served = call->route->class == ROUTE_MODEL && call->route->methods == METHOD_POST;
  return served && call->task && !call->forward && exchange_body_over(call->exchange) &&
         http_server_detached(worker->server) < worker->settings.client_gone_calls;
}

/* Somebody has been asked already, and will want to be paid. */
static bool is_paid(const struct call *call) {
  for (const struct reply *reply = call->replies; reply; reply = reply->next) {
    if (reply->state == REPLY_FAILED) continue;
    if (reply->ended || (reply->transfer && !transfer_untouched(reply->transfer))) return true;
  }
  return call->accepted;
}

static enum gone gone_choose(const struct call *call) {
  if (!may_go_on(call)) return GONE_CANCEL;
  enum gone policy = policy_of(&call->worker->settings, slice_text(call->route->endpoint));
  return policy == GONE_DRAIN && !is_paid(call) ? GONE_CANCEL : policy;
}

/* ---- the client has left ---- */

/* What an upstream has said of an answer that nobody waits for. */
static void counts_take(struct call *call) {
  for (const struct reply *reply = call->replies; reply; reply = reply->next) {
    if (reply->usage.prompt >= 0) call->notes.tokens_in = reply->usage.prompt;
    if (reply->usage.completion >= 0) call->notes.tokens_out = reply->usage.completion;
  }
}

void call_drop(void *user, struct exchange *exchange) {
  (void)user;
  struct call *call = exchange_data(exchange);
  if (!call) return;
  call->notes.incomplete = true;
  call->notes.asked = is_paid(call);
  counts_take(call);
  call_estimate_cut(call); /* what the plugins hear */
  call_cancel(call, "client_closed_request");
  call_replies_free(call);
}

static void room_make(void *user, struct exchange *exchange) {
  struct call *call = exchange_data(exchange);
  if (!exchange_detached(exchange) || !call_drained(call)) return;
  call_drop(user, exchange);
  call->left = GONE_CANCEL;
  call_break(call, 503, "overloaded", "The gateway is overloaded.");
}

void gone_make_room(struct worker *worker) {
  bool needed = overload_full(worker) && http_server_detached(worker->server) > 0;
  if (needed) http_server_each(worker->server, room_make);
}

static void gone_count(struct worker *worker, const struct call *call) {
  struct slice label = slice_text(call_gone_name(call));
  metric_add(metrics_series(worker->metrics, METRIC_CLIENT_GONE, &label, 1), 1);
}

int call_gone(void *user, struct exchange *exchange) {
  struct call *call = exchange_data(exchange);
  if (!call) return HTTP_LET_GO;
  call->left = (unsigned char)gone_choose(call);
  gone_count(user, call);
  if (call->left == GONE_CANCEL) {
    call_drop(user, exchange);
    return HTTP_LET_GO;
  }
  call->notes.incomplete = true;
  if (!call->notes.first_byte_at) call->notes.first_byte_at = exchange_started(exchange); /* nobody will read one */
  return HTTP_GO_ON;
}
