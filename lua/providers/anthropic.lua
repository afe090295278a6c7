-- SPDX-License-Identifier: Apache-2.0
--- Anthropic.
---
--- - An API key goes as x-api-key, an OAuth token as Bearer; never both.
--- - The version 2023-06-01 still takes temperature, top_p and top_k for the models that do; 2026-10-21 refuses them.

---@type Provider
return {
  name = "anthropic",
  title = "Anthropic",
  dialect = "anthropic_messages",
  base = "https://api.anthropic.com/v1",
  env = {
    key = { "ANTHROPIC_API_KEY" },
    token = { "ANTHROPIC_AUTH_TOKEN" },
    base = { "ANTHROPIC_BASE_URL" },
  },
  auth = { header = "x-api-key" },
  headers = { ["anthropic-version"] = "2023-06-01" },
  paths = {
    chat = "/messages",
    messages = "/messages",
    count_tokens = "/messages/count_tokens",
    batches = "/messages/batches",
    models = "/models?limit=1000",
  },
  models = { prefixes = { "claude-" } },
  params = {
    drop = {
      "n", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias", "store",
      "modalities", "audio", "prediction", "web_search_options", "verbosity", "prompt_cache_key",
      "prompt_cache_options", "prompt_cache_retention", "moderation", "metadata",
    },
    translate = { "max_completion_tokens", "parallel_tool_calls", "response_format" },
  },
  stream = { usage = "always" },
}
