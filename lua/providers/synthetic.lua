-- SPDX-License-Identifier: Apache-2.0
--- Synthetic.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "synthetic",
  title = "Synthetic",
  dialect = "openai_chat",
  base = "https://api.synthetic.new/openai/v1",
  env = {
    key = { "SYNTHETIC_API_KEY" },
    base = { "SYNTHETIC_BASE_URL" },
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
