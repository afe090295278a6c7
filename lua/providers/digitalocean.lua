-- SPDX-License-Identifier: Apache-2.0
--- DigitalOcean Inference.
---
--- - Reset values are Unix epoch seconds.
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "digitalocean",
  title = "DigitalOcean Inference",
  dialect = "openai_chat",
  base = "https://inference.do-ai.run/v1",
  env = {
    key = { "DIGITALOCEAN_ACCESS_TOKEN" },
    base = { "DIGITALOCEAN_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
