-- SPDX-License-Identifier: Apache-2.0
--- GitHub Models.
---
--- - model ids are publisher/name such as openai/gpt-4.1.
--- - Token needs the models:read permission.
--- - Free tier limits are small: per model tier requests per minute and per day, 8000 input and 4000 output tokens
---   typical.
--- - unverified: notes limits.

---@type Provider
return {
  name = "github-models",
  title = "GitHub Models",
  dialect = "openai_chat",
  auto = false, -- GITHUB_TOKEN is in every CI job
  base = "https://models.github.ai/inference",
  env = {
    key = { "GITHUB_TOKEN", "GITHUB_API_KEY" },
    base = { "GITHUB_MODELS_BASE_URL", "GITHUB_MODELS_API_BASE", "GITHUB_API_BASE" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  headers = { accept = "application/vnd.github+json", ["x-github-api-version"] = "2022-11-28" },
  paths = {
    chat = "/chat/completions",
    embeddings = "/embeddings",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
