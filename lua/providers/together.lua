-- SPDX-License-Identifier: Apache-2.0
--- Together AI.
---
--- - logprobs is an integer 0..20, not a boolean: send top_logprobs value (or 1) as logprobs.
--- - stop must be an array.
--- - finish_reason can be eos, map to stop.
--- - GET /models returns a bare JSON array without the list wrapper.
--- - response has prompt array and may have warnings.
--- - delta always carries role.
--- - speech has no speed parameter.
--- - model ids are org/name.

---@type Provider
return {
  name = "together",
  title = "Together AI",
  dialect = "openai_chat",
  base = "https://api.together.ai/v1",
  env = {
    key = { "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY" },
    base = { "TOGETHER_BASE_URL", "TOGETHER_AI_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    rerank = "/rerank",
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    translations = "/audio/translations",
    files = "/files",
    batches = "/batches",
    models = "/models",
  },
  wires = {
    { surface = "chat", dialect = "openai_variant" },
    { surface = "rerank", dialect = "cohere_rerank" },
  },
  models = { any = true },
  params = {
    drop = { "top_logprobs", "parallel_tool_calls", "user" }, -- unverified: user, parallel_tool_calls
    rename = { max_completion_tokens = "max_tokens" },
    accepts = { "reasoning_effort" },
    lists = { "stop" },
    logprobs = "count",
    when = { { surface = "speech", drop = { "speed" } } },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning",
}
