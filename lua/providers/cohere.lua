-- SPDX-License-Identifier: Apache-2.0
--- Cohere.
---
--- - An OpenAI shape exists at https://api.cohere.ai/compatibility/v1 (chat, embeddings): without documents, citations
---   and tool plans.
--- - Trial keys: low limits a minute and one a month, told only in the message of a 429.
--- - unverified: prefix north-; rate-limit headers; body of 429 by key type; whether a stream ends with [DONE].

---@type Provider
return {
  name = "cohere",
  title = "Cohere",
  dialect = "cohere_v2",
  base = "https://api.cohere.com",
  env = {
    key = { "COHERE_API_KEY", "CO_API_KEY" },
    base = { "COHERE_BASE_URL", "CO_API_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  trims = { "/v1", "/v2" },
  headers = { accept = "application/json, text/event-stream" },
  paths = {
    chat = "/v2/chat",
    embeddings = "/v2/embed",
    rerank = "/v2/rerank",
    models = "/v1/models?page_size=1000",
  },
  models = { prefixes = { "command", "c4ai-aya", "embed-", "rerank-", "north-" } },
  params = {
    drop = {
      "n", "top_logprobs", "user", "logit_bias", "parallel_tool_calls", "safety_identifier", "metadata", "store",
      "modalities", "audio", "prediction", "service_tier", "web_search_options", "verbosity", "prompt_cache_key",
      "prompt_cache_options", "prompt_cache_retention", "moderation", "functions", "function_call",
    },
    translate = { "max_completion_tokens", "response_format", "logprobs", "reasoning_effort" },
  },
  stream = { usage = "always" },
}
