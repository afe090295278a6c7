-- SPDX-License-Identifier: Apache-2.0
--- GMI Cloud.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "gmi",
  title = "GMI Cloud",
  dialect = "openai_chat",
  base = "https://api.gmi-serving.com/v1",
  env = {
    key = { "GMI_API_KEY", "GMICLOUD_API_KEY" },
    base = { "GMI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
