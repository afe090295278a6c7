// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/call.h"
#include "process/reply.h"
#include "script/vm.h"

/* What the access line and the metrics are told of a call. */

static struct slice kept(lua_State *L, struct call *call, int index) {
  return arena_copy(exchange_arena(call->exchange), bind_slice(L, index));
}

static struct slice kept_optional(lua_State *L, struct call *call, int index) {
  return lua_isnoneornil(L, index) ? (struct slice){0} : kept(L, call, index);
}

/* note_won(the same as note_route): of several tries at a time the one that has answered, noted before */
static int call_note_won(lua_State *L) {
  struct call *call = bind_call(L, 1);
  lua_settop(L, 8);
  call->notes.textual = lua_toboolean(L, 6);
  call->notes.price_in = luaL_optnumber(L, 7, -1);
  call->notes.price_out = luaL_optnumber(L, 8, -1);
  call->notes.requested = kept_optional(L, call, 2);
  call->notes.model = kept_optional(L, call, 3);
  call->notes.provider = kept_optional(L, call, 4);
  call->notes.target = kept_optional(L, call, 5);
  return 0;
}

/* note_route(requested, model, provider, target, textual, price_in, price_out): one more try, or what is known before
 * the first; prices in pico-dollars a token, for a stream of texts that is cut */
static int call_note_route(lua_State *L) {
  call_note_won(L);
  struct call *call = bind_call(L, 1);
  if (call->notes.target.len > 0) call->notes.attempts++;
  call->accepted = false;
  return 0;
}

/* note_hedge("won" | "lost"): another target was asked beside the first, and has answered or not */
static int call_note_hedge(lua_State *L) {
  struct call *call = bind_call(L, 1);
  call->notes.hedge = kept(L, call, 2);
  return 0;
}

/* note_variant(label): which variant of a test this is */
static int call_note_variant(lua_State *L) {
  struct call *call = bind_call(L, 1);
  call->notes.variant = kept(L, call, 2);
  return 0;
}

/* A count a provider reported, or unknown: it may have written anything. */
static long long count_at(lua_State *L, int index) {
  lua_Number count = luaL_optnumber(L, index, -1);
  return count >= 0 && count < (lua_Number)(1LL << 53) ? (long long)count : -1;
}

static int call_note_usage(lua_State *L) {
  struct call *call = bind_call(L, 1);
  call->notes.tokens_in = count_at(L, 2);
  call->notes.tokens_out = count_at(L, 3);
  return 0;
}

/* estimate(reply) -> prompt, completion: about how many tokens, of a stream what went out, else of the reply's text */
static int call_estimate_tokens(lua_State *L) {
  const struct call *call = bind_call(L, 1);
  struct slice answer = {0};
  if (!lua_isnoneornil(L, 2)) answer = bind_reply(L, 2)->index.text;
  long long asked, answered;
  vm_work_expect(vm_of(L), call_body(call).len);
  call_estimate(call, answer, &asked, &answered);
  lua_pushnumber(L, (lua_Number)asked);
  lua_pushnumber(L, (lua_Number)answered);
  return 2;
}

/* note_cost(micro_usd | nil, estimated): what it cost, and whether its tokens were counted or estimated */
static int call_note_cost(lua_State *L) {
  struct call *call = bind_call(L, 1);
  call->notes.cost = count_at(L, 2);
  call->notes.estimated = lua_toboolean(L, 3);
  return 0;
}

/* note_costs(input, output, cache_read, cache_write, reasoning, image, audio, embedding): pico-dollars, of the cost */
static int call_note_costs(lua_State *L) {
  struct call *call = bind_call(L, 1);
  for (int i = 0; i < CALL_COSTS; i++) call->notes.costs[i] = luaL_checknumber(L, i + 2);
  return 0;
}

/* note_error(type, code, incomplete) */
static int call_note_error(lua_State *L) {
  struct call *call = bind_call(L, 1);
  call->notes.error_type = kept_optional(L, call, 2);
  if (!lua_isnoneornil(L, 3)) call->notes.code = kept(L, call, 3);
  if (lua_toboolean(L, 4)) call->notes.incomplete = true;
  return 0;
}

/* note_failure(text): what went wrong, for the log and events: no word of a client or an upstream may be in it */
static int call_note_failure(lua_State *L) {
  struct call *call = bind_call(L, 1);
  call->notes.failure = kept(L, call, 2);
  return 0;
}

/* note_rejected(): a plugin refused it on purpose */
static int call_note_rejected(lua_State *L) {
  bind_call(L, 1)->notes.rejected = true;
  return 0;
}

const luaL_Reg bind_call_notes[] = {
    {"note_route", call_note_route},       {"note_won", call_note_won},        {"note_hedge", call_note_hedge},
    {"note_usage", call_note_usage},       {"note_cost", call_note_cost},      {"note_variant", call_note_variant},
    {"note_costs", call_note_costs},       {"note_error", call_note_error},    {"note_failure", call_note_failure},
    {"note_rejected", call_note_rejected}, {"estimate", call_estimate_tokens}, {NULL, NULL},
};
