-- SPDX-License-Identifier: Apache-2.0
--- Venice AI.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "venice",
  title = "Venice AI",
  dialect = "openai_chat",
  base = "https://api.venice.ai/api/v1",
  env = {
    key = { "VENICE_API_KEY", "VENICE_AI_API_KEY" },
    base = { "VENICE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
