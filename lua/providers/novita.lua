-- SPDX-License-Identifier: Apache-2.0
--- Novita AI.
---
--- - error may be OpenAI shaped, {error:"..."} or {code,reason,message,metadata}.

---@type Provider
return {
  name = "novita",
  title = "Novita AI",
  dialect = "openai_chat",
  base = "https://api.novita.ai/openai/v1",
  env = {
    key = { "NOVITA_API_KEY" },
    base = { "NOVITA_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    files = "/files",
    batches = "/batches",
    models = "/models",
  },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" }, -- unverified
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content", -- unverified
}
