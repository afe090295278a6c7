-- SPDX-License-Identifier: Apache-2.0
--- Google Gemini with an API key, in its own format. The same service in OpenAI's shape is gemini-openai.
---
--- - The key goes as x-goog-api-key; `?key=` would leak into logs.
--- - GEMINI_TOOL_SCHEMA=openapi sends schemas in OpenAPI's subset, for models and proxies that do not read JSON Schema.
--- - Image models: gif is refused, how large inline data may be, and which models fetch URLs are unverified.

---@type Provider
return {
  name = "gemini",
  title = "Google Gemini",
  dialect = "gemini",
  base = "https://generativelanguage.googleapis.com/v1beta",
  env = {
    key = { "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY" },
    base = { "GEMINI_BASE_URL" },
    vars = { schema = { "GEMINI_TOOL_SCHEMA" } },
    optional = { schema = true },
  },
  auth = { header = "x-goog-api-key" },
  paths = {
    models = "/models?pageSize=1000",
  },
  models = {
    prefixes = { "gemini-", "imagen-", "models/", "tunedModels/" }, ids = { "text-embedding-004", "embedding-001" },
  },
  params = {
    drop = {
      "logit_bias", "user", "parallel_tool_calls", "metadata", "store", "prediction", "verbosity", "web_search_options",
      "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "moderation",
    },
    translate = {
      "max_completion_tokens", "response_format", "logprobs", "top_logprobs", "reasoning_effort", "service_tier",
      "modalities", "audio",
    },
  },
  stream = { usage = "always" },
  image_response_formats = { "b64_json" },
}
