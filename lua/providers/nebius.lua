-- SPDX-License-Identifier: Apache-2.0
--- Nebius Token Factory (AI Studio).
---
--- - vLLM based surface, FastAPI detail errors.

---@type Provider
return {
  name = "nebius",
  title = "Nebius Token Factory (AI Studio)",
  dialect = "openai_chat",
  base = "https://api.tokenfactory.nebius.com/v1",
  env = {
    key = { "NEBIUS_API_KEY" },
    base = { "NEBIUS_BASE_URL", "NEBIUS_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    files = "/files", -- unverified
    batches = "/batches", -- unverified
    models = "/models",
  },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" }, -- unverified
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content", -- unverified
}
