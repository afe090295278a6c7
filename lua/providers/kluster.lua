-- SPDX-License-Identifier: Apache-2.0
--- kluster.ai.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "kluster",
  title = "kluster.ai",
  dialect = "openai_chat",
  base = "https://api.kluster.ai/v1",
  env = {
    key = { "KLUSTER_API_KEY" },
    base = { "KLUSTER_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    files = "/files",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
