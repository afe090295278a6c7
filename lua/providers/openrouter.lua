-- SPDX-License-Identifier: Apache-2.0
--- OpenRouter.
---
--- - Optional request headers HTTP-Referer and X-Title (also X-OpenRouter-Title) for attribution; X-OpenRouter-Metadata
---   switches on extra metadata.
--- - error.code is a number equal to the HTTP status; error.metadata has provider_name, raw or reasons, flagged_input.
--- - After generation started errors come with HTTP 200 as a data chunk holding error and choices[0].finish_reason
---   error.
--- - usage.cost (USD credits), usage.cost_details, usage.is_byok.
--- - delta.role is repeated on chunks.
--- - Statuses 400 401 402 403 404 408 413 422 429 500 502 503 524 529.
--- - unverified: headers x-ratelimit-*.

---@type Provider
return {
  name = "openrouter",
  title = "OpenRouter",
  dialect = "openai_chat",
  base = "https://openrouter.ai/api/v1",
  env = {
    key = { "OPENROUTER_API_KEY" },
    base = { "OPENROUTER_BASE_URL", "OPENROUTER_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    images = "/images",
    rerank = "/rerank",
    responses = "/responses",
    messages = "/messages",
    speech = "/audio/speech",
    transcriptions = "/audio/transcriptions",
    files = "/files",
    models = "/models",
  },
  wires = {
    { surface = "chat", dialect = "openai_variant" },
    { surface = "rerank", dialect = "cohere_rerank" },
  },
  models = { prefixes = { "openrouter/" }, any = true },
  params = {
    accepts = {
      "metadata", "modalities", "prediction", "service_tier", "prompt_cache_key", "prompt_cache_options",
      "reasoning_effort",
    },
  },
  stream = { usage = "always" },
  reasoning = "reasoning",
}
