-- SPDX-License-Identifier: Apache-2.0
--- Meta Llama API.
---
--- - unverified: everything but base and env.

---@type Provider
return {
  name = "meta-llama",
  title = "Meta Llama API",
  dialect = "openai_chat",
  base = "https://api.llama.com/compat/v1",
  env = {
    key = { "LLAMA_API_KEY" },
    base = { "META_LLAMA_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { prefixes = { "Llama-" }, any = true },
  stream = { usage = "include_usage" },
}
