-- SPDX-License-Identifier: Apache-2.0
--- Vercel AI Gateway.

---@type Provider
return {
  name = "vercel-ai-gateway",
  title = "Vercel AI Gateway",
  dialect = "openai_chat",
  base = "https://ai-gateway.vercel.sh/v1", -- unverified
  env = {
    key = { "AI_GATEWAY_API_KEY" },
    base = { "VERCEL_AI_GATEWAY_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
