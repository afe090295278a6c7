-- SPDX-License-Identifier: Apache-2.0
--- Ollama Cloud.
---
--- - Errors come as {error:"..."}, {error:{message,type,code}} or {message}.

---@type Provider
return {
  name = "ollama-cloud",
  title = "Ollama Cloud",
  dialect = "openai_chat",
  base = "https://ollama.com/v1",
  env = {
    key = { "OLLAMA_API_KEY" },
    base = { "OLLAMA_CLOUD_BASE_URL" },
    models = { "OLLAMA_CLOUD_MODELS" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "https://ollama.com/api/embed",
    responses = "/responses",
    models = "/models",
  },
  wires = { { surface = "embeddings", dialect = "ollama" } },
  models = { any = true },
  params = {
    drop = { "n", "tool_choice", "logit_bias", "user" },
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort" },
  },
  timeouts = { first_byte = 120000 }, -- a model may have to be loaded
  stream = { usage = "include_usage" },
  reasoning = "reasoning",
}
