-- SPDX-License-Identifier: Apache-2.0
--- IO Intelligence.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "io-net",
  title = "IO Intelligence",
  dialect = "openai_chat",
  base = "https://api.intelligence.io.solutions/api/v1",
  env = {
    key = { "IOINTELLIGENCE_API_KEY" },
    base = { "IO_NET_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
