-- SPDX-License-Identifier: Apache-2.0
--- OVHcloud AI Endpoints.
---
--- - Anonymous use without key is allowed at very low rate (2 requests per minute).
--- - 401 for bad keys, 429 per minute limits.
--- - unverified: anonymous rate.

---@type Provider
return {
  name = "ovhcloud",
  title = "OVHcloud AI Endpoints",
  dialect = "openai_chat",
  base = "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
  env = {
    key = { "OVHCLOUD_API_KEY", "OVH_AI_ENDPOINTS_ACCESS_TOKEN" },
    base = { "OVHCLOUD_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    images = "/images/generations", -- unverified
    speech = "/audio/speech", -- unverified
    transcriptions = "/audio/transcriptions",
    models = "/models",
  },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" },
  },
  stream = { usage = "include_usage" },
}
