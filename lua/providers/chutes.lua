-- SPDX-License-Identifier: Apache-2.0
--- Chutes.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "chutes",
  title = "Chutes",
  dialect = "openai_chat",
  base = "https://llm.chutes.ai/v1",
  env = {
    key = { "CHUTES_API_KEY" },
    base = { "CHUTES_BASE_URL" },
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
