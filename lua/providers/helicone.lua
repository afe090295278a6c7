-- SPDX-License-Identifier: Apache-2.0
--- Helicone AI Gateway.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "helicone",
  title = "Helicone AI Gateway",
  dialect = "openai_chat",
  base = "https://ai-gateway.helicone.ai/v1",
  env = {
    key = { "HELICONE_API_KEY" },
    base = { "HELICONE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
