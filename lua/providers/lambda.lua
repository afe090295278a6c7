-- SPDX-License-Identifier: Apache-2.0
--- Lambda Inference API.
---
--- - Reported on 2026-05-29 as winding down; keep as a generic OpenAI-compatible entry only.

---@type Provider
return {
  name = "lambda",
  title = "Lambda Inference API",
  status = "winding_down", -- unverified
  dialect = "openai_chat",
  base = "https://api.lambda.ai/v1",
  env = {
    key = { "LAMBDA_API_KEY" },
    base = { "LAMBDA_BASE_URL", "LAMBDA_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
