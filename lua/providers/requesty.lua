-- SPDX-License-Identifier: Apache-2.0
--- Requesty.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "requesty",
  title = "Requesty",
  dialect = "openai_chat",
  base = "https://router.requesty.ai/v1",
  env = {
    key = { "REQUESTY_API_KEY" },
    base = { "REQUESTY_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
