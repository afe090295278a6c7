-- SPDX-License-Identifier: Apache-2.0
--- Sarvam AI.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "sarvam",
  title = "Sarvam AI",
  dialect = "openai_chat",
  base = "https://api.sarvam.ai/v1",
  env = {
    key = { "SARVAM_API_KEY" },
    base = { "SARVAM_BASE_URL" },
  },
  auth = { header = "api-subscription-key" },
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
