-- SPDX-License-Identifier: Apache-2.0
--- Z.ai.
---
--- - finish_reason adds sensitive, network_error and model_context_window_exceeded.
--- - tool_choice supports auto only.
--- - Business codes in error.code as strings: 1000-1004 auth, 1113 no balance, 1211 unknown model, 1214 bad parameter,
---   1301 content blocked, 1302 concurrency, 1303 frequency, 1305 overloaded.
--- - temperature range 0..1.
--- - Without tool_stream true tool call arguments arrive in one chunk.
--- - unverified: business codes; tool_choice; finish reasons.

---@type Provider
return {
  name = "zai",
  title = "Z.ai",
  dialect = "openai_chat",
  base = "https://api.z.ai/api/paas/v4",
  env = {
    key = { "ZAI_API_KEY" },
    base = { "ZAI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    transcriptions = "/audio/transcriptions",
    models = "/models", -- unverified
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "glm-", "cogview-", "cogvideox-" } },
  params = {
    -- unverified
    drop = {
      "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "n", "parallel_tool_calls",
      "seed", "stream_options",
    },
    ranges = { temperature = { 0, 1 } },
    rename = { user = "user_id", max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "always" },
  reasoning = "reasoning_content",
}
