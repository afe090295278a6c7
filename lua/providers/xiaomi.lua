-- SPDX-License-Identifier: Apache-2.0
--- Xiaomi MiMo.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "xiaomi",
  title = "Xiaomi MiMo",
  dialect = "openai_chat",
  base = "https://api.xiaomimimo.com/v1",
  env = {
    key = { "XIAOMI_API_KEY", "XIAOMI_MIMO_API_KEY" },
    base = { "XIAOMI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { prefixes = { "mimo-" }, any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
}
