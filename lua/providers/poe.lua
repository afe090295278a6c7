-- SPDX-License-Identifier: Apache-2.0
--- Poe.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "poe",
  title = "Poe",
  dialect = "openai_chat",
  base = "https://api.poe.com/v1",
  env = {
    key = { "POE_API_KEY" },
    base = { "POE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
}
