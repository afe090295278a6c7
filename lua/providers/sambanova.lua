-- SPDX-License-Identifier: Apache-2.0
--- SambaNova.
---
--- - text-only models want content as a string, flatten arrays of text parts.
--- - Limits are RPM, RPD and TPD.

---@type Provider
return {
  name = "sambanova",
  title = "SambaNova",
  dialect = "openai_chat",
  base = "https://api.sambanova.ai/v1",
  env = {
    key = { "SAMBANOVA_API_KEY" },
    base = { "SAMBANOVA_BASE_URL", "SAMBANOVA_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions", -- unverified
    embeddings = "/embeddings",
    transcriptions = "/audio/transcriptions",
    translations = "/audio/translations",
    models = "/models",
  },
  models = { any = true },
  params = {
    -- unverified
    drop = { "frequency_penalty", "presence_penalty", "n", "seed", "logit_bias", "logprobs", "top_logprobs", "user" },
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort" },
  },
  history = { text = true },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content", -- unverified
}
