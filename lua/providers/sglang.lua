-- SPDX-License-Identifier: Apache-2.0
--- SGLang (self hosted).

---@type Provider
return {
  name = "sglang",
  title = "SGLang (self hosted)",
  dialect = "openai_chat",
  base = "http://127.0.0.1:30000/v1",
  env = {
    key = { "SGLANG_API_KEY" }, -- unverified
    base = { "SGLANG_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer ", optional = true },
  paths = {
    chat = "/chat/completions",
    completions = "/completions",
    embeddings = "/embeddings",
    models = "/models",
  },
  models = { any = true },
  stream = { usage = "include_usage" },
}
