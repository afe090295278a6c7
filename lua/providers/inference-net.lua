-- SPDX-License-Identifier: Apache-2.0
--- Inference.net.

---@type Provider
return {
  name = "inference-net",
  title = "Inference.net",
  dialect = "openai_chat",
  base = "https://api.inference.net/v1", -- unverified: two hosts seen
  env = {
    key = { "INFERENCE_API_KEY", "INFERENCE_NET_API_KEY" },
    base = { "INFERENCE_NET_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions", -- unverified
    embeddings = "/embeddings", -- unverified
    files = "/files", -- unverified
    batches = "/batches", -- unverified
    models = "/models", -- unverified
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
