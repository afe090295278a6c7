-- SPDX-License-Identifier: Apache-2.0
--- Vultr Inference.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "vultr",
  title = "Vultr Inference",
  dialect = "openai_chat",
  base = "https://api.vultrinference.com/v1",
  env = {
    key = { "VULTR_API_KEY" },
    base = { "VULTR_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
