-- SPDX-License-Identifier: Apache-2.0
--- Upstage Solar.
---
--- - Limits are RPS, RPM and TPM; 429 on excess.

---@type Provider
return {
  name = "upstage",
  title = "Upstage Solar",
  dialect = "openai_chat",
  base = "https://api.upstage.ai/v1",
  env = {
    key = { "UPSTAGE_API_KEY" },
    base = { "UPSTAGE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    models = "/models", -- unverified
  },
  wires = { { surface = "chat", dialect = "openai_variant" } },
  models = { prefixes = { "solar-", "embedding-query", "embedding-passage" } },
  params = {
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort", "prompt_cache_key" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning", -- unverified
}
