-- SPDX-License-Identifier: Apache-2.0
--- Groq.
---
--- - logprobs, top_logprobs, logit_bias and messages[].name give 400.
--- - n other than 1 gives 400.
--- - Penalties are accepted by the schema but not supported by any model.
--- - usage has queue_time, prompt_time, completion_time, total_time.
--- - Stream failures can arrive as x_groq.error string.
--- - x-ratelimit-limit-requests counts per day, tokens per minute; reset values are durations such as 2m59.56s.
--- - retry-after only on 429.
--- - Flex tier capacity failure is HTTP 498.
--- - unverified: HTTP 498.

---@type Provider
return {
  name = "groq",
  title = "Groq",
  dialect = "openai_chat",
  base = "https://api.groq.com/openai/v1",
  env = {
    key = { "GROQ_API_KEY" },
    base = { "GROQ_BASE_URL", "GROQ_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    responses = "/responses", -- unverified
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    translations = "/audio/translations",
    files = "/files",
    batches = "/batches",
    models = "/models",
  },
  models = {
    ids = {
      "llama-3.1-8b-instant", "llama-3.3-70b-versatile", "compound-beta", "compound-beta-mini", "groq/compound",
      "groq/compound-mini",
    },
    any = true,
  },
  params = {
    drop = {
      "logprobs", "top_logprobs", "logit_bias", "messages[].name", "presence_penalty", "frequency_penalty",
      "metadata", "store",
    },
    rename = { max_tokens = "max_completion_tokens" },
    accepts = { "reasoning_effort", "service_tier" },
  },
  history = { nulls = true },
  stream = { usage = "include_usage" },
  reasoning = "reasoning",
}
