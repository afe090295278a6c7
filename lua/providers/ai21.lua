-- SPDX-License-Identifier: Apache-2.0
--- AI21 Labs.

---@type Provider
return {
  name = "ai21",
  title = "AI21 Labs",
  dialect = "openai_chat",
  base = "https://api.ai21.com/studio/v1",
  env = {
    key = { "AI21_API_KEY" },
    base = { "AI21_BASE_URL" },
  },
  auth = { header = "authorization", prefix = "Bearer " },
  paths = {
    chat = "/chat/completions",
  },
  models = { prefixes = { "jamba" }, any = true },
  stream = { usage = "include_usage" },
}
