// SPDX-License-Identifier: Apache-2.0
#include "process/admission.h"

#include "process/call.h"
#include "process/credential.h"
#include "process/crowd.h"
#include "process/record_take.h"
#include "process/worker.h"

/* Loopback without MASTER_KEY: /metrics is open, too, and nobody is an admin. */
static bool is_keyless(const struct call *call) {
  return keys_version(call->worker->segment->keys) == 0;
}

static bool needs_key(const struct call *call) {
  if (call->route->class == ROUTE_ADMIN) return true;
  if (call->route->class == ROUTE_MODEL) return !call->worker->settings.open_proxy;
  return call->route->class == ROUTE_MONITOR && !is_keyless(call);
}

/* The scopes of which the key must have one; 0: any key will do. */
static unsigned scopes_wanted(const struct call *call) {
  bool watched = call->route->class == ROUTE_ADMIN || call->route->class == ROUTE_MONITOR;
  return watched ? KEY_SCOPE_READ | KEY_SCOPE_ADMIN : 0;
}

static enum call_access access_judge(struct call *call) {
  if (!needs_key(call)) return ACCESS_OPEN;
  if (call->route->class == ROUTE_ADMIN && is_keyless(call)) return ACCESS_MISSING;
  struct slice key = credential_presented(exchange_request(call->exchange), call->route);
  if (key.len == 0) return ACCESS_MISSING;
  struct key_identity *identity = arena_alloc(exchange_arena(call->exchange), sizeof *identity);
  if (!keys_find(call->worker->segment->keys, key, identity)) return ACCESS_INVALID;
  call->identity = identity;
  unsigned wanted = scopes_wanted(call);
  return wanted && !(identity->scopes & wanted) ? ACCESS_SCOPE : ACCESS_KEY;
}

/* Credentials are not recorded: who came in then comes in again. */
static enum call_access access_replay(struct call *call, const struct record *replayed) {
  if (replayed->access == ACCESS_KEY || replayed->access == ACCESS_SCOPE) call->identity = &replayed->key;
  return replayed->access;
}

static int refuse_missing(struct call *call) {
  bool nobody = call->route->class == ROUTE_ADMIN && is_keyless(call);
  return call_refuse_text(
      call, 401, "authentication_error", "missing_api_key",
      nobody ? "this gateway runs without any key, so nobody may administer it: start it with MASTER_KEY "
               "set, and send that key as \"Authorization: Bearer ...\""
             : "missing or invalid authorization header");
}

static int authenticate(struct call *call) {
  const struct record *replayed = call->worker->replayed;
  call->access = replayed ? access_replay(call, replayed) : access_judge(call);
  switch (call->access) {
    case ACCESS_MISSING:
      return refuse_missing(call);
    case ACCESS_INVALID:
      return call_refuse_text(call, 401, "authentication_error", "invalid_api_key", "invalid or revoked API key");
    case ACCESS_SCOPE:
      return call_refuse_text(call, 403, "permission_error", "insufficient_scope", "insufficient permissions");
    default:
      return 0;
  }
}

static int refuse_unknown(struct call *call) {
  const struct http_request *request = exchange_request(call->exchange);
  struct error text;
  error_set(&text, 0, NULL, "Unknown request URL: %.*s %.*s. Check the path; the documentation lists what is served.",
            (int)request->method.len, request->method.ptr, (int)(request->path.len > 120 ? 120 : request->path.len),
            request->path.ptr);
  return call_refuse_text(call, 404, "invalid_request_error", "unknown_url", text.message);
}

static int refuse_method(struct call *call) {
  struct error fields, text;
  const char *allow = route_allow(call->route);
  struct slice path = exchange_request(call->exchange)->path;
  error_set(&fields, 0, NULL, "Allow: %s\r\n", allow);
  error_set(&text, 0, NULL, "Only %s requests are accepted on %.*s.", allow, (int)(path.len > 120 ? 120 : path.len),
            path.ptr);
  call_refuse(call, &(struct call_problem){.status = 405,
                                           .message = slice_text(text.message),
                                           .type = SLICE_LITERAL("invalid_request_error"),
                                           .code = SLICE_LITERAL("method_not_supported"),
                                           .fields = slice_text(fields.message)});
  return -1;
}

int admission_judge(struct call *call) {
  const struct http_request *request = exchange_request(call->exchange);
  if (crowd_judge(call) < 0 || authenticate(call) < 0) return -1;
  if (!call->route->endpoint) return refuse_unknown(call);
  if (!(call->route->methods & route_method(request->method))) return refuse_method(call);
  if (call->route->methods & BODY_STREAMS) return HTTP_STREAM;
  struct slice encoding = field_value(request->fields, request->field_count, SLICE_LITERAL("content-encoding"));
  if (encoding.len > 0 && !slice_equal_caseless(encoding, SLICE_LITERAL("identity"))) {
    return call_refuse_text(call, 415, "invalid_request_error", "unsupported_encoding",
                            "The request body is compressed. Send it without Content-Encoding.");
  }
  return 0;
}
