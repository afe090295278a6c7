-- SPDX-License-Identifier: Apache-2.0
--- Hyperbolic.
---
--- - images use model_name, cfg_scale, steps, height, width and answer {images:[{image}]} base64.

---@type Provider
return {
  name = "hyperbolic",
  title = "Hyperbolic",
  dialect = "openai_chat",
  base = "https://api.hyperbolic.xyz/v1",
  env = {
    key = { "HYPERBOLIC_API_KEY" },
    base = { "HYPERBOLIC_BASE_URL", "HYPERBOLIC_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    images = "/image/generation",
    models = "/models",
  },
  wires = { { surface = "images", dialect = "image_lists" } },
  models = { any = true },
  params = {
    rename = { max_completion_tokens = "max_tokens" }, -- unverified
  },
  stream = { usage = "include_usage" },
}
