-- SPDX-License-Identifier: Apache-2.0
--- Scaleway Generative APIs.
---
--- - vLLM based surface.

---@type Provider
return {
  name = "scaleway",
  title = "Scaleway Generative APIs",
  dialect = "openai_chat",
  base = "https://api.scaleway.ai/v1",
  env = {
    key = { "SCW_SECRET_KEY", "SCALEWAY_API_KEY" },
    base = { "SCALEWAY_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    responses = "/responses", -- unverified
    transcriptions = "/audio/transcriptions", -- unverified
    models = "/models",
  },
  models = { any = true },
  params = {
    drop = { "logit_bias", "n", "user" }, -- unverified
  },
  stream = { usage = "include_usage" },
}
