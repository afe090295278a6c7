-- SPDX-License-Identifier: Apache-2.0
--- Anyscale Endpoints.
---
--- - Public multi-tenant endpoints ended in 2024; Anyscale Services endpoints are per customer vLLM URLs.

---@type Provider
return {
  name = "anyscale",
  title = "Anyscale Endpoints",
  status = "discontinued", -- unverified
  dialect = "openai_chat",
  auto = false,
  base = "https://api.endpoints.anyscale.com/v1",
  env = {
    key = { "ANYSCALE_API_KEY" },
    base = { "ANYSCALE_BASE_URL", "ANYSCALE_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
