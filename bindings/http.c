// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/fetch_options.h"
#include "bindings/rehearsal.h"
#include "bindings/target.h"
#include "process/background.h"
#include "process/call.h"
#include "process/fetch.h"
#include "process/worker.h"
#include "script/task.h"
#include "script/vm.h"

/* gateway.http: calls to services that are no providers. Waits.
 *   fetch{ url=, method=, headers=, body=, timeout_ms=, allow=, max_bytes= } -> { status, headers, body }
 *                                                                            | nil, message, code
 * Only hosts of scripts.http_allow and of `allow` may be called (runtime/upstream/url.h has the rules); unencrypted
 * only this machine, or what is listed as http://host. Redirects are not followed. A hook may make 4 calls, work that
 * was put off 16. Codes: not_allowed, bad_url, bad_request, too_many, timeout, refused, dns, tls, unreachable, reset,
 * too_large, bad_response. In specs spec.upstream(function) answers. */

void bind_http(lua_State *L);

enum { ERRANDS_OF_CALL = 4, ERRANDS_OF_BACKGROUND = 16 };

static int failed(lua_State *L, const char *code, const char *message) {
  lua_pushnil(L);
  bind_push_slice(L, slice_text(message));
  bind_push_slice(L, slice_text(code));
  return 3;
}

/* The transport's words for a script. */
static const char *code_of(const char *code) {
  static const char *const words[][2] = {
      {"upstream_timeout", "timeout"},
      {"upstream_connect_timeout", "timeout"},
      {"upstream_dns_timeout", "timeout"},
      {"upstream_refused", "refused"},
      {"upstream_dns", "dns"},
      {"upstream_tls", "tls"},
      {"upstream_unreachable", "unreachable"},
      {"upstream_reset", "reset"},
      {"upstream_truncated", "reset"},
      {"upstream_too_large", "too_large"},
      {"upstream_bad_origin", "bad_url"},
      {"upstream_bad_request", "bad_request"},
      {"upstream_blocked", "not_allowed"},
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(words[i][0], code) == 0) return words[i][1];
  }
  return "bad_response";
}

/* ---- the answer ---- */

/* Lower-case names; several fields of one name are joined as the standard says. */
static void push_headers(lua_State *L, const struct transfer_response *response) {
  lua_createtable(L, 0, (int)response->field_count);
  for (unsigned i = 0; i < response->field_count; i++) {
    bind_push_lower(L, response->fields[i].name);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      bind_push_slice(L, response->fields[i].value);
    } else {
      lua_pushliteral(L, ", ");
      bind_push_slice(L, response->fields[i].value);
      lua_concat(L, 3);
    }
    lua_rawset(L, -3);
  }
}

static int push_answer(lua_State *L) {
  const struct fetch *fetch = lua_touserdata(L, 1);
  const struct error *error = fetch_failure(fetch);
  if (error) return failed(L, code_of(error->code), error->message);
  const struct transfer_response *response = fetch_response(fetch);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, response->status);
  lua_setfield(L, -2, "status");
  push_headers(L, response);
  lua_setfield(L, -2, "headers");
  vm_work_expect(vm_of(L), fetch_body(fetch).len);
  bind_push_slice(L, fetch_body(fetch));
  lua_setfield(L, -2, "body");
  return 1;
}

/* ---- waiting ---- */

struct fetch_wait {
  struct fetch *fetch;
  struct task *task;
  uint64_t number;
};

static void wait_free(struct fetch_wait *wait) {
  fetch_free(wait->fetch);
  free(wait);
}

/* Made beforehand: a new closure may find no memory, and the answer must be freed. */
static const char push_answer_place[] = "gateway.http.answer";

static int wait_results(lua_State *L, void *operation) {
  struct fetch_wait *wait = operation;
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, push_answer_place);
  lua_pushlightuserdata(L, wait->fetch);
  int status = lua_pcall(L, 1, LUA_MULTRET, 0);
  wait_free(wait);
  return status == 0 ? lua_gettop(L) - top : lua_error(L);
}

static void wait_abort(void *operation) {
  wait_free(operation);
}

static void wait_over(void *waiter) {
  struct fetch_wait *wait = waiter;
  task_wake(wait->task, wait->number);
}

/* ---- the call ---- */

static bool may_run_errand(struct task *task) {
  unsigned most = background_owns(task) ? ERRANDS_OF_BACKGROUND : ERRANDS_OF_CALL;
  return ++*task_errands(task) <= most;
}

static int fetch_send(lua_State *L, struct worker *worker, const struct fetch_request *request) {
  struct task *task = task_check(L);
  struct error error;
  struct fetch_wait *wait = calloc(1, sizeof *wait);
  REQUIRE(wait != NULL);
  wait->task = task;
  wait->fetch = fetch_start(worker, request, wait_over, wait, &error);
  if (!wait->fetch) {
    free(wait);
    return failed(L, code_of(error.code), error.message);
  }
  wait->number = task_wait(L, wait, wait_results, wait_abort);
  return lua_yield(L, 0);
}

static int http_fetch(lua_State *L) {
  struct worker *worker = vm_host(L);
  struct fetch_options options;
  struct error error;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  fetch_options_read(L, &options);
  if (url_parse(options.url, &options.address, &error) < 0) return failed(L, "bad_url", error.message);
  if (rehearsal_is_on(L)) {
    fetch_options_push(L, &options);
    return rehearsal_fetch(L);
  }
  if (!worker || !worker->upstream) return luaL_error(L, "there is no network here");
  if (!fetch_options_allowed(L, &options, slice_text(worker->settings.script_http_allow))) {
    return failed(L, "not_allowed", "this host is not in scripts.http_allow, nor in the call's `allow`");
  }
  if (fetch_options_headers(L, &worker->extra, &error) < 0) return failed(L, "bad_request", error.message);
  if (!may_run_errand(task_check(L))) return failed(L, "too_many", "this hook has made all the calls it may make");
  struct fetch_request request = {.call = bind_call_running(L),
                                  .url = &options.address,
                                  .method = options.method,
                                  .prepared = buffer_slice(&worker->extra),
                                  .body = options.body,
                                  .has_body = options.has_body,
                                  .timeout_ms = options.timeout_ms,
                                  .body_limit = options.max_bytes};
  return fetch_send(L, worker, &request);
}

enum { PUBLIC_TIMEOUT_MS = 20000, ERRAND_BYTES = 65536 };

/* fetch(call, url, max_bytes): what a client's URL leads to, for a provider that fetches nothing itself. Only public
 * addresses, and those of scripts.http_allow. */
int bind_fetch_public(lua_State *L) {
  struct call *call = bind_call(L, 1);
  struct worker *worker = call->worker;
  struct url address;
  struct error error;
  if (url_parse(bind_slice(L, 2), &address, &error) < 0) return failed(L, "bad_url", error.message);
  struct fetch_request request = {.call = call,
                                  .url = &address,
                                  .method = SLICE_LITERAL("GET"),
                                  .prepared = SLICE_LITERAL("User-Agent: moongate\r\n"),
                                  .timeout_ms = PUBLIC_TIMEOUT_MS,
                                  .body_limit = (uint64_t)luaL_checknumber(L, 3)};
  request.public_only = !fetch_options_listed(&address, slice_text(worker->settings.script_http_allow));
  return fetch_send(L, worker, &request);
}

/* errand(target, url, method) -> answer | nil, message, code: a call with a target's lines, for work that was put off:
 * what was begun for a client that has gone is undone. Waits. */
int bind_errand(lua_State *L) {
  struct worker *worker = vm_host(L);
  const struct target *target = bind_target(L, 1);
  struct url address;
  struct error error;
  if (!worker || !worker->upstream) return luaL_error(L, "there is no network here");
  if (url_parse(bind_slice(L, 2), &address, &error) < 0) return failed(L, "bad_url", error.message);
  struct fetch_request request = {.url = &address,
                                  .method = bind_slice(L, 3),
                                  .prepared = buffer_slice(&target->lines),
                                  .has_body = true,
                                  .timeout_ms = PUBLIC_TIMEOUT_MS,
                                  .body_limit = ERRAND_BYTES};
  return fetch_send(L, worker, &request);
}

void bind_http(lua_State *L) {
  static const luaL_Reg functions[] = {{"fetch", http_fetch}, {NULL, NULL}};
  bind_door(L, "http", functions);
  lua_pushcfunction(L, push_answer);
  lua_setfield(L, LUA_REGISTRYINDEX, push_answer_place);
}
