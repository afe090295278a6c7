-- SPDX-License-Identifier: Apache-2.0
--- STACKIT AI Model Serving.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "stackit",
  title = "STACKIT AI Model Serving",
  dialect = "openai_chat",
  base = "https://api.openai-compat.model-serving.eu01.onstackit.cloud/v1",
  env = {
    key = { "STACKIT_API_KEY" },
    base = { "STACKIT_BASE_URL" },
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
