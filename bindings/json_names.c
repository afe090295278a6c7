// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/json.h"

/* The well-known names of the wires in the order in which people are used to read them; those of one object stand in
 * its own order wherever two wires do not contradict each other. Everything else follows, sorted by its bytes. */
static const char *const wire_names[] = {
    /* answers, chunks and their choices; streamed tool calls begin with their index */
    "index", "id", "object", "created", "created_at", "model", "error", "delta", "message", "type", "param", "code",
    /* requests */
    "system", "messages", "prompt",
    /* messages */
    "role", "name", "content", "refusal", "reasoning", "reasoning_content", "tool_calls", "tool_call_id",
    /* probes */
    "status", "circuit", "models",
    /* content parts and blocks */
    "text", "thinking", "signature", "image_url", "input_audio", "file", "source", "media_type", "data", "url",
    "detail", "format", "input", "tool_use_id", "is_error", "cache_control",
    /* tools and their calls */
    "function", "description", "arguments", "parameters", "input_schema", "json_schema", "schema", "strict",
    /* what a request asks for */
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "n", "stop", "stop_sequences", "seed",
    "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "response_format",
    /* the end of an answer */
    "system_fingerprint", "service_tier", "choices", "embedding", "logprobs", "finish_reason", "stop_reason",
    "stop_sequence", "usage",
    /* usage */
    "prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details",
    "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"};

/* The address of this is the registry's key of the table that keeps the names. */
static const char names_key;

static size_t place_of(const char *name) {
  return (((uintptr_t)name >> 4) ^ ((uintptr_t)name >> 12)) % JSON_RANKS;
}

static void rank_add(struct json_scratch *scratch, const char *name, int rank) {
  size_t place = place_of(name);
  while (scratch->ranks[place].name) place = (place + 1) % JSON_RANKS;
  scratch->ranks[place] = (struct json_rank){name, rank};
}

void json_ranks_open(lua_State *L, struct json_scratch *scratch) {
  enum { COUNT = sizeof wire_names / sizeof wire_names[0] };
  _Static_assert(COUNT < JSON_RANKS / 2, "a table of names that is mostly empty");
  lua_pushlightuserdata(L, (void *)&names_key);
  lua_createtable(L, COUNT, 0);
  for (int i = 0; i < COUNT; i++) {
    lua_pushstring(L, wire_names[i]);
    rank_add(scratch, lua_tostring(L, -1), i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_rawset(L, LUA_REGISTRYINDEX);
}

int json_rank(const struct json_scratch *scratch, const char *name) {
  for (size_t place = place_of(name);; place = (place + 1) % JSON_RANKS) {
    const struct json_rank *found = &scratch->ranks[place];
    if (found->name == name) return found->rank;
    if (!found->name) return JSON_UNRANKED;
  }
}
