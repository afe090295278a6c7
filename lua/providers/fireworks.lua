-- SPDX-License-Identifier: Apache-2.0
--- Fireworks AI.
---
--- - Short model names must become accounts/fireworks/models/<name>.
--- - logprobs may be integer or boolean.
--- - whisper-v3 and whisper-v3-turbo live on separate audio hosts.
--- - 412 means account suspended or spend limit.
--- - 503 means overloaded.

---@type Provider
return {
  name = "fireworks",
  title = "Fireworks AI",
  dialect = "openai_chat",
  base = "https://api.fireworks.ai/inference/v1",
  env = {
    key = { "FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY" },
    base = { "FIREWORKS_BASE_URL", "FIREWORKS_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    rerank = "/rerank", -- unverified
    responses = "/responses", -- unverified
    messages = "/messages",
    transcriptions = "https://audio-prod.api.fireworks.ai/v1/audio/transcriptions",
    translations = "https://audio-prod.api.fireworks.ai/v1/audio/translations",
    models = "/models",
  },
  wires = {
    { surface = "rerank", dialect = "cohere_rerank" },
    {
      surface = "transcriptions", prefixes = { "whisper-v3-turbo" }, dialect = "openai_chat",
      path = "https://audio-turbo.api.fireworks.ai/v1/audio/transcriptions",
    },
  },
  models = {
    prefixes = { "accounts/" }, any = true, long = { prefix = "accounts/fireworks/models/", except = { "whisper-" } },
  },
  params = {
    accepts = {
      "reasoning_effort", "metadata", "prediction", "prompt_cache_key", "service_tier", "functions", "function_call",
    },
  },
  stream = { usage = "always" },
  reasoning = "reasoning_content",
}
