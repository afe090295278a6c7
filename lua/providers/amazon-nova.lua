-- SPDX-License-Identifier: Apache-2.0
--- Amazon Nova API.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "amazon-nova",
  title = "Amazon Nova API",
  dialect = "openai_chat",
  base = "https://api.nova.amazon.com/v1",
  env = {
    key = { "NOVA_API_KEY" },
    base = { "AMAZON_NOVA_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { prefixes = { "nova-" }, any = true },
  stream = { usage = "include_usage" },
}
