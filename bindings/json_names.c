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

/* The address of this is the registry's key of the table. */
static const char ranks_key;

static void ranks_create(lua_State *L) {
  enum { COUNT = sizeof wire_names / sizeof wire_names[0] };
  lua_createtable(L, 0, COUNT);
  for (int i = 0; i < COUNT; i++) {
    lua_pushinteger(L, i);
    lua_setfield(L, -2, wire_names[i]);
  }
  lua_pushlightuserdata(L, (void *)&ranks_key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void json_push_ranks(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&ranks_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  ranks_create(L);
}
