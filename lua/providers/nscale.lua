-- SPDX-License-Identifier: Apache-2.0
--- Nscale.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "nscale",
  title = "Nscale",
  dialect = "openai_chat",
  base = "https://inference.api.nscale.com/v1",
  env = {
    key = { "NSCALE_API_KEY" },
    base = { "NSCALE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    images = "/images/generations",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
