-- SPDX-License-Identifier: Apache-2.0
--- Clarifai.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "clarifai",
  title = "Clarifai",
  dialect = "openai_chat",
  base = "https://api.clarifai.com/v2/ext/openai/v1",
  env = {
    key = { "CLARIFAI_PAT" },
    base = { "CLARIFAI_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
