-- SPDX-License-Identifier: Apache-2.0
--- Crusoe Managed Inference.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "crusoe",
  title = "Crusoe Managed Inference",
  dialect = "openai_chat",
  base = "https://managed-inference-api-proxy.crusoecloud.com/v1",
  env = {
    key = { "CRUSOE_API_KEY" },
    base = { "CRUSOE_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
}
