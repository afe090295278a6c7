-- SPDX-License-Identifier: Apache-2.0
--- Volcengine Ark (Doubao).
---
--- - model may be an endpoint id ep-...
--- - error.code is a dotted string such as RateLimitExceeded.EndpointTPMExceeded, AuthenticationError,
---   InvalidParameter.*, ModelNotOpen.
--- - usage.prompt_tokens_details.cached_tokens.
--- - Some models know no response_format.
--- - unverified: error codes.

---@type Provider
return {
  name = "volcengine",
  title = "Volcengine Ark (Doubao)",
  dialect = "openai_chat",
  base = "https://ark.cn-beijing.volces.com/api/v3",
  env = {
    key = { "ARK_API_KEY", "VOLCENGINE_API_KEY" },
    base = { "VOLCENGINE_BASE_URL", "VOLCENGINE_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    images = "/images/generations",
    responses = "/responses",
    models = "/models", -- unverified
  },
  models = { prefixes = { "doubao-", "ep-" }, any = true },
  params = {
    drop = { "user" }, -- unverified
    accepts = { "functions", "function_call", "service_tier", "reasoning_effort" },
  },
  stream = { usage = "include_usage" },
  reasoning = "reasoning_content",
}
