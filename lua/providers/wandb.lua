-- SPDX-License-Identifier: Apache-2.0
--- Weights & Biases Inference.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "wandb",
  title = "Weights & Biases Inference",
  dialect = "openai_chat",
  base = "https://api.inference.wandb.ai/v1",
  env = {
    key = { "WANDB_API_KEY" },
    base = { "WANDB_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
