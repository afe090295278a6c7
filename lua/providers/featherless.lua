-- SPDX-License-Identifier: Apache-2.0
--- Featherless AI.
---
--- - Concurrency based limits: 429 when too many requests are in flight.
--- - Cold models may answer 503 while loading.

---@type Provider
return {
  name = "featherless",
  title = "Featherless AI",
  dialect = "openai_chat",
  base = "https://api.featherless.ai/v1",
  env = {
    key = { "FEATHERLESS_API_KEY", "FEATHERLESS_AI_API_KEY" },
    base = { "FEATHERLESS_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    models = "/models",
  },
  models = { any = true },
  params = {
    drop = { "logprobs", "top_logprobs", "logit_bias", "n" }, -- unverified
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
}
