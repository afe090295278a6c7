-- SPDX-License-Identifier: Apache-2.0
--- Vercel v0.

---@type Provider
return {
  name = "v0",
  title = "Vercel v0",
  dialect = "openai_chat",
  base = "https://api.v0.dev/v1", -- unverified
  env = {
    key = { "V0_API_KEY" },
    base = { "V0_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
    models = "/models",
  },
  models = { prefixes = { "v0-" }, any = true },
  stream = { usage = "include_usage" },
}
