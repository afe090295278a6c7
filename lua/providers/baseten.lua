-- SPDX-License-Identifier: Apache-2.0
--- Baseten Model APIs.

---@type Provider
return {
  name = "baseten",
  title = "Baseten Model APIs",
  dialect = "openai_chat",
  base = "https://inference.baseten.co/v1",
  env = {
    key = { "BASETEN_API_KEY" },
    base = { "BASETEN_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models", -- unverified
  },
  models = { any = true },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content", -- unverified
}
