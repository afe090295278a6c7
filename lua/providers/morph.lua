-- SPDX-License-Identifier: Apache-2.0
--- Morph.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "morph",
  title = "Morph",
  dialect = "openai_chat",
  base = "https://api.morphllm.com/v1",
  env = {
    key = { "MORPH_API_KEY" },
    base = { "MORPH_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { prefixes = { "morph-" }, any = true },
  stream = { usage = "include_usage" },
}
