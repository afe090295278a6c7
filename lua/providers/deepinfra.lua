-- SPDX-License-Identifier: Apache-2.0
--- DeepInfra.
---
--- - usage.estimated_cost in USD.
--- - For Gemini and Gemma models completion_tokens omits reasoning tokens: if reasoning_tokens > completion_tokens add
---   them.
--- - errors: {detail:{error:...}} or {detail:[{msg,loc}]} or OpenAI shape.
--- - Rerank body {queries:[q],documents:[...]} answer {scores:[...]} in input order.
--- - unverified: usage.estimated_cost.

---@type Provider
return {
  name = "deepinfra",
  title = "DeepInfra",
  dialect = "openai_chat",
  base = "https://api.deepinfra.com/v1/openai",
  env = {
    key = { "DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN" },
    base = { "DEEPINFRA_BASE_URL", "DEEPINFRA_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    rerank = "https://api.deepinfra.com/v1/inference/{model}",
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    translations = "/audio/translations",
    models = "/models",
  },
  wires = {
    { surface = "chat", dialect = "openai_variant" },
    { surface = "rerank", dialect = "deepinfra_rerank" },
  },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" }, -- unverified
    accepts = { "reasoning_effort" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content", -- unverified
}
