-- SPDX-License-Identifier: Apache-2.0
--- Inception Labs.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "inception",
  title = "Inception Labs",
  dialect = "openai_chat",
  base = "https://api.inceptionlabs.ai/v1",
  env = {
    key = { "INCEPTION_API_KEY" },
    base = { "INCEPTION_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { prefixes = { "mercury" }, any = true },
  stream = { usage = "include_usage" },
}
